"""A reload in plain code: result(), SIGUSR2, and the removal of the pid file."""

import os
import signal

from checks import Record, done, listener, serve_ids

from pm import cluster

if cluster.is_primary:
    record, path = Record(), os.path.abspath("primary.pid")
    cluster.setup_primary(reload_on_signal=True, reload_on_removal=path)
    with open(path) as file:
        assert file.read() == f"{os.getpid()}\n"
    child = os.fork()
    if not child:  # a forked child does not pass the signal on
        os._exit(0 if signal.getsignal(signal.SIGUSR2) is signal.SIG_DFL else 9)
    assert os.waitpid(child, 0)[1] == 0
    cluster.fork()

    @cluster.on("exit")
    def more(worker, code, sig):
        assert (code, sig) == (0, None)
        if worker.id == 1:
            return
        if worker.id == 2:
            assert os.path.exists(path)
            os.unlink(path)
        if worker.id == 3:
            cluster.disconnect()

    @cluster.on("listening")
    def trigger(worker):
        if worker.id == 2:
            os.kill(os.getpid(), signal.SIGUSR2)

    assert [worker.id for worker in cluster.reload().result()] == [2]
    cluster.run()
    # the signal came while the first reload was under way: it is another one
    assert [entry[1] for entry in record.of("exit")] == [1, 2, 3, 4], record.all
    assert not os.path.exists(path)
    done()
else:
    with listener() as sock:
        serve_ids(sock)
