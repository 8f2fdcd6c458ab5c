"""All workers are told to end while a reload waits for one of them: nobody takes its place."""

import os
import signal
import sys
import time

from checks import Record, done

from pm import cluster


def leave(*_):
    cluster.worker.send("leaving")
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.005)
    sys.exit(0)


def round_of(end):
    record = Record()
    cluster.setup_primary(args=[end.__name__])
    worker = cluster.fork()
    over = []

    @worker.on("message")
    def take(message):
        if message == "up":
            over.append(cluster.reload())
        else:
            end()
            open(end.__name__, "w").close()

    cluster.run()
    assert [entry[2:] for entry in record.of("exit")] == [(0, None)], record.all
    assert over[0].result() == [], over  # known by now: the next round runs all the same


if cluster.is_primary:
    round_of(cluster.disconnect)
    round_of(cluster._primary().stop)  # as Ctrl-C does
    done()
else:
    signal.signal(signal.SIGTERM, leave)
    cluster.worker.send("up")
    while True:
        time.sleep(60)
