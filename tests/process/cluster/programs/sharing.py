"""Workers of a program's own cluster ask each other, and share a result that one computes."""

import time

from checks import done

import pm
from pm import cluster

if cluster.is_primary:
    workers = [cluster.fork() for _ in range(3)]
    said, listening = [], []

    @cluster.on("message")
    def take(worker, message):
        if message == "I listen":
            listening.append(worker)
            if len(listening) == len(workers):
                for one in workers:
                    one.send("ask")
            return
        said.append(message)
        if len(said) == len(workers):
            cluster.disconnect()

    cluster.run()
    assert sorted(one["slot"] for one in said) == [0, 1, 2], said
    assert all(one["answer"] == [(one["slot"] + 1) % 3, "hello"] for one in said), said
    assert len({one["shared"] for one in said}) == 1, said
    assert len({one["shard"] for one in said}) == 1, said
    done()
else:

    @pm.on_request
    def answer(message):
        return [pm.worker.slot, message]

    @cluster.shared(ttl=60)
    def compute():
        time.sleep(0.2)
        return pm.worker.slot

    asked = []
    pm.on_message(asked.append)
    cluster.worker.send("I listen")
    while not asked:
        time.sleep(0.01)
    slot = pm.worker.slot
    cluster.worker.send({
        "slot": slot, "answer": cluster.request((slot + 1) % 3, "hello"), "shared": compute(),
        "shard": cluster.shard_of("a"),
    })  # fmt: skip
    time.sleep(60)
