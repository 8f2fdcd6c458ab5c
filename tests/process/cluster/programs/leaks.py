"""test-cluster-shared-leak and its kin: workers that come and go leave nothing in the primary."""

import asyncio
import os

from checks import ask, done, listener, serve_ids, until

from pm import cluster

WARM, CYCLES = 2, 6


def held():
    """Return how many fds and timers the primary holds."""
    loop = cluster._primary().loop
    waiting = [timer for _, _, timer in loop._timers if timer.action is not None]
    return len(os.listdir("/proc/self/fd")), len(waiting)


async def cycle(number):
    worker = cluster.fork()
    said = []
    worker.on("message", said.append)
    ports = []
    worker.on("listening", lambda address: ports.append(address.port))
    worker.send("hello")
    await until(lambda: ports and said == ["hello"], "it listens and answers")
    assert await ask(ports[0]) == str(worker.id)
    if number % 2:
        worker.process.kill("SIGKILL")
    else:
        worker.disconnect()
    await until(lambda: worker.is_dead() and not cluster._primary().living, "it has ended")


async def main():
    async with cluster:
        keeper = cluster.fork()  # the listener stays with it
        await until(lambda: keeper.state == "listening", "one that stays listens")
        keeper.kill()
        await until(lambda: keeper.is_dead(), "or not")
        for number in range(WARM):
            await cycle(number)
        before = held()
        for number in range(CYCLES):
            await cycle(number)
        await until(lambda: held() <= before, f"{held()} is no more than {before}")
    await rerun()


async def rerun():
    """A second time in the same loop is as good as the first."""
    async with cluster:
        await cycle(0)


def serve():
    cluster.worker.on("message", cluster.worker.send)
    serve_ids(listener())


if cluster.is_primary:
    asyncio.run(main())
    asyncio.run(rerun())  # and in another loop
    cluster.fork().once("online", lambda: cluster.disconnect())
    cluster.run()
    done()
else:
    serve()
