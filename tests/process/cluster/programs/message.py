"""test-cluster-message, -fork-env, -worker-init: messages both ways, none lost, in their order."""

import os
import time

from checks import Record, done, listener, raised

import pm
from pm import cluster

COUNT = 50

if cluster.is_primary:
    record, of_worker = Record(), []
    worker = cluster.fork({"NUMBER": 7, "HOME": "changed"})
    worker.on("message", of_worker.append)

    @cluster.on("online")
    def greet(worker):  # the worker does not listen yet
        for number in range(COUNT):
            assert worker.send({"n": number}) is True

    @worker.on("message")
    def end(message):
        if message == "enough":
            worker.kill()

    cluster.run()
    assert of_worker == [["7", "changed"], *[{"n": n} for n in range(COUNT)], "enough"]
    assert record.of("message") == [("message", 1, message) for message in of_worker]
    assert worker.send("too late") is False
    assert isinstance(raised(worker.send, object()), TypeError)
    assert isinstance(raised(worker.send, "x" * (1 << 20)), pm.MessageTooLarge)
    done()
else:
    assert cluster.worker.send([os.environ["NUMBER"], os.environ["HOME"]]) is True
    listener()
    got = []

    @cluster.worker.on("message")
    def back(message):
        got.append(message)
        cluster.worker.send(message)
        if len(got) == COUNT:
            cluster.worker.send("enough")

    time.sleep(60)
