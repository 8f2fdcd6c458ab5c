"""Messages in coroutines on both sides; what was sent before an exit arrives before it."""

import asyncio
import sys

from checks import Record, done, until

from pm import cluster


async def primary():
    record = Record()
    async with cluster:
        for _ in range(2):
            cluster.fork()

        @cluster.on("message")
        async def answer(worker, message):
            await asyncio.sleep(0)
            if message < 5:
                worker.send(message + 1)
            elif message != 99:  # it is about to leave: told again, it might say so twice
                worker.send("leave")

        await until(lambda: len(record.of("exit")) == 2, "both have left")
    for number in (1, 2):
        mine = [entry for entry in record.all if entry[1] == number]
        assert mine[-2:] == [("disconnect", number), ("exit", number, 3, None)], mine
        assert mine[-3] == ("message", number, 99), mine
        said = [entry[2] for entry in mine if entry[0] == "message"]
        assert said == [0, 2, 4, 6, 99], said
    done()


async def worker():
    over = asyncio.Event()

    @cluster.worker.on("message")
    async def answer(message):
        await asyncio.sleep(0)
        if message == "leave":
            cluster.worker.send(99)
            over.set()
        else:
            cluster.worker.send(message + 1)

    cluster.worker.send(0)
    await over.wait()
    sys.exit(3)


asyncio.run(primary() if cluster.is_primary else worker())
