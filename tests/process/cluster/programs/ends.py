"""test-cluster-worker-death, -exit, -kill, -kill-signal, -kill-infinite-loop, -process-disconnect,
-isdead, -isconnected: codes, signals and flags of every kind of end."""

import os
import signal
import sys

from checks import Record, done, listener

from pm import cluster

WAYS = {
    "exit": (42, None),
    "return": (0, None),
    "error": (1, None),
    "kill": (None, "SIGTERM"),
    "kill hard": (None, "SIGKILL"),
    "kill by number": (None, "SIGUSR1"),
    "spin": (None, "SIGTERM"),
    "suicide": (None, "SIGKILL"),
}
SIGNALS = {"kill": "SIGTERM", "kill hard": "SIGKILL", "kill by number": signal.SIGUSR1}

if cluster.is_primary:
    record, workers, own = Record(), {}, {}
    cluster.setup_primary(kill_timeout=1)
    for way in WAYS:
        worker = workers[way] = cluster.fork({"WAY": way})
        worker.on("exit", lambda code, sig, way=way: own.setdefault(way, (code, sig)))

    @cluster.on("listening")
    def kill(worker):
        way = next(way for way in workers if workers[way] is worker)
        if way in SIGNALS:  # the others may be gone by now
            assert worker.is_connected()
            assert not worker.is_dead()
            worker.kill(SIGNALS[way])

    @cluster.on("message")
    def stop_spinning(worker):
        worker.process.kill()

    @cluster.on("disconnect")
    def look(worker):
        assert not worker.is_connected()
        assert worker.exited_after_disconnect is False
        assert worker.id in cluster.workers

    @cluster.on("exit")
    def look_again(worker, code, sig):
        assert worker.is_dead()
        assert not worker.is_connected()
        assert worker.id not in cluster.workers
        assert (worker.process.exit_code, worker.process.signal_code) == (code, sig)

    cluster.run()
    assert own == WAYS, own
    told = {entry[1]: entry[2:] for entry in record.of("exit")}
    assert told == {workers[way].id: end for way, end in WAYS.items()}, told
    assert len(record.of("disconnect")) == len(WAYS)
    done()
else:
    way = os.environ["WAY"]
    sock = listener()
    if way == "exit":
        sys.exit(42)
    if way == "error":
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
        raise RuntimeError
    if way == "suicide":
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "spin":
        cluster.worker.send("spins")
        while True:
            pass
    if way in SIGNALS:
        sock.accept()
    sock.close()
