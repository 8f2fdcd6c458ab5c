"""test-cluster-kill-disconnect, -disconnect-exitedAfterDisconnect-race, -worker-disconnect,
-worker-destroy, -call-and-destroy, -worker-forced-exit, -worker-constructor."""

import _thread
import os
import select
import sys
import time

from checks import Record, done, listener

from pm import cluster

WAYS = {
    "kill itself": (0, None),
    "disconnect itself": (0, None),
    "kill itself in a thread": (0, None),
    "be disconnected": (42, None),
    "be disconnected plainly": (0, None),
    "be destroyed after that": (0, None),
    "be patched": (0, None),
}

if cluster.is_primary:
    blank = cluster.Worker()
    assert (blank.id, blank.state, blank.exited_after_disconnect) == (0, "none", None)
    assert not blank.is_connected()
    record, workers, states = Record(), {}, []
    for way in WAYS:
        workers[way] = cluster.fork({"WAY": way})

    @cluster.on("listening")
    def act(worker):
        way = next(way for way in workers if workers[way] is worker)
        if way.startswith("be "):
            assert worker.disconnect() is worker
            assert worker.id not in cluster.workers
            assert worker.exited_after_disconnect is True
            worker.disconnect()  # a second time is harmless

    @cluster.on("disconnect")
    def look(worker):
        assert worker.exited_after_disconnect is True
        assert not worker.is_connected()
        states.append(worker.state)
        if worker is workers["be destroyed after that"]:
            worker.destroy("SIGCONT")

    @cluster.on("exit")
    def look_again(worker):
        assert worker.exited_after_disconnect is True
        worker.kill()  # it is gone: nothing happens

    cluster.run()
    told = {entry[1]: entry[2:] for entry in record.of("exit")}
    assert told == {workers[way].id: end for way, end in WAYS.items()}, told
    assert states == ["disconnected"] * len(WAYS)
    done()
else:
    way = os.environ["WAY"]

    @cluster.worker.on("disconnect")
    def last():
        assert not cluster.worker.is_connected()
        assert cluster.worker.exited_after_disconnect
        if way == "be disconnected":
            sys.exit(42)

    if way == "be patched":  # as gevent does
        select.poll = _thread.get_ident = None
    sock = listener()
    if way == "kill itself":
        cluster.worker.kill("SIGKILL")  # Node ignores the signal here
    if way == "disconnect itself":
        cluster.worker.disconnect()
    if way == "kill itself in a thread":
        import threading

        threading.Thread(target=cluster.worker.kill).start()
    time.sleep(60)
