"""No counterpart in Node: a signal of ours, late, while the interpreter winds up."""

import os
import signal
import time

from checks import Record, done, listener

from pm import cluster

if cluster.is_primary:
    record = Record()
    worker = cluster.fork()
    cluster.on("listening", lambda listening: listening.disconnect())
    cluster.run()
    assert [entry[2:] for entry in record.of("exit")] == [(0, None)], record.of("exit")
    done()
else:

    class Last:
        """Something that goes with the modules, when Python has given up its signal handlers."""

        def __del__(self, kill=os.kill, own=os.getpid, number=signal.SIGIO):
            kill(own(), number)

    last = Last()
    sock = listener()
    time.sleep(60)
