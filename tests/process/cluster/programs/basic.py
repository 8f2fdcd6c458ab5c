"""test-cluster-basic: events, states, ids, the order of what happens to one worker."""

import os

from checks import Record, done, listener

from pm import cluster

if cluster.is_primary:
    assert cluster.is_master
    assert not cluster.is_worker
    assert cluster.worker is None
    assert cluster.workers == {}
    assert cluster.settings == {}
    record, states, of_worker = Record(), [], []
    for name in ("fork", "online", "listening", "exit"):
        cluster.on(name, lambda worker: states.append(worker.state))
    worker = cluster.fork()
    assert worker.id == 1
    assert cluster.workers == {1: worker}
    assert worker.state == "none"
    assert worker.exited_after_disconnect is None
    assert not worker.is_dead()
    assert worker.is_connected()
    assert worker.process.pid > 0
    assert record.all == []  # nothing is told before the loop has its turn
    for name in ("online", "listening", "exit"):
        worker.on(name, lambda *_, name=name: of_worker.append(name))

    @cluster.on("listening")
    def kill(_, address):
        assert (address.address_type, address.address) == (4, "127.0.0.1")
        assert address.port > 0
        worker.kill()

    cluster.run()
    assert [entry[0] for entry in record.all] == [
        "fork", "online", "listening", "disconnect", "exit",
    ]  # fmt: skip
    assert record.of("exit") == [("exit", 1, None, "SIGTERM")]
    assert states == ["none", "online", "listening", "dead"]
    assert of_worker == ["online", "listening", "exit"]
    assert worker.is_dead()
    assert worker.exited_after_disconnect is False
    assert cluster.workers == {}
    done()
else:
    assert cluster.is_worker
    assert not cluster.is_primary
    assert cluster.worker.id == 1
    assert cluster.worker.process.pid == os.getpid()
    assert not [name for name in os.environ if name.startswith("PM_CLUSTER")]
    with listener() as sock:
        sock.accept()
