"""test-cluster-port-reuse-between-workers, -server-restart-rr, -disconnect-race, -disconnect-leak,
-bind-twice, -concurrent-disconnect: two workers on one port, one of which goes its own way."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time

from checks import ask, done, free_port, listener, serve_ids, until

from pm import cluster


async def reuse():
    """Worker 1 fails a second listen, closes; worker 2 listens; worker 1 may listen again."""
    port = free_port()
    first, second = (cluster.fork({"ROLE": "reuse", "PORT": port}) for _ in range(2))
    said = []
    cluster.on("message", lambda worker, text: said.append((worker.id, text)))
    for worker, answer in ((first, "refused"), (second, "refused"), (first, "refused")):
        await until(lambda worker=worker: worker.state == "online" or said, "online")
        worker.send("listen twice, close")
        count = len(said)
        await until(lambda count=count: len(said) > count, "an answer")
        assert said[-1] == (worker.id, answer), said
    await end(first, second)


async def restart():
    """Worker 2 closes and listens again while worker 1 keeps the port."""
    port = free_port()
    first = cluster.fork({"ROLE": "serve", "PORT": port})
    second = cluster.fork({"ROLE": "restart", "PORT": port})
    again = []
    second.on("listening", lambda address: again.append(address.port))
    await until(lambda: first.state == "listening" and again == [port] * 3, "three times")
    answers = set()
    while len(answers) < 2:
        answers.add(await ask(port))
    assert answers == {str(first.id), str(second.id)}
    await end(first, second)


async def race():
    """One is told to leave while another starts, and one as soon as it is there."""
    workers = [cluster.fork({"ROLE": "serve", "PORT": free_port()}) for _ in range(3)]
    workers[0].disconnect()  # its interpreter has hardly begun
    await until(lambda: workers[1].state == "online", "the second is online")
    workers[1].disconnect()  # it listens after it was told to leave, or before
    await until(lambda: workers[2].state == "listening", "the third listens")
    workers[2].disconnect()
    await until(lambda: all(worker.is_dead() for worker in workers), "all have left")
    ends = [(worker.process.exit_code, worker.process.signal_code) for worker in workers]
    assert ends == [(0, None)] * 3, ends


async def storm():
    """Disconnect and kill from all sides at once: all end, with nothing but 0 and SIGTERM."""
    workers = [cluster.fork({"ROLE": "storm", "PORT": free_port()}) for _ in range(6)]
    rng = random.Random(7)
    while any(not worker.is_dead() for worker in workers):
        worker = rng.choice(workers)
        rng.choice([worker.disconnect, worker.disconnect, worker.destroy])()
        await asyncio.sleep(rng.random() / 50)
    for worker in workers:
        code, sig = worker.process.exit_code, worker.process.signal_code
        assert code == 0 or sig == "SIGTERM", (code, sig)


async def bind_twice():
    """Of two clusters on one port, the workers of the second get EADDRINUSE."""
    port = free_port()
    worker = cluster.fork({"ROLE": "serve", "PORT": port})
    await until(lambda: worker.state == "listening", "the first listens")
    words = [sys.executable, "-W", "error", __file__, "second", str(port)]
    second = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True)
    assert second.stdout == "EADDRINUSE 3\n", (second.stdout, second.stderr)
    await end(worker)


async def end(*workers):
    for worker in workers:
        worker.disconnect()
    await until(lambda: all(worker.is_dead() for worker in workers), "the end")


async def main():
    async with cluster:
        for scene in (reuse, restart, race, storm, bind_twice):
            await scene()
            assert cluster.workers == {}, scene
    done()


def second_cluster(port):
    worker = cluster.fork({"ROLE": "second", "PORT": port})
    worker.on("message", lambda text: print(text, end=" "))
    worker.on("exit", lambda code: print(code))
    cluster.run()


def reuses():
    said = []
    cluster.worker.on("message", said.append)
    while True:
        while not said:
            time.sleep(0.002)
        said.pop()
        with listener(PORT), socket.socket() as other:
            try:
                other.bind(("127.0.0.1", PORT))
            except OSError:
                cluster.worker.send("refused")


def restarts():
    for _ in range(2):
        listener(PORT).close()
    serve_ids(listener(PORT))


def tries():
    try:
        listener(PORT)
    except OSError as error:
        cluster.worker.send("EADDRINUSE" if error.errno == 98 else str(error))
        sys.exit(3)


if cluster.is_worker:
    PORT = int(os.environ["PORT"])
    roles = {"reuse": reuses, "restart": restarts, "second": tries}
    roles.get(os.environ["ROLE"], lambda: serve_ids(listener(PORT)))()
elif sys.argv[1:2] == ["second"]:
    second_cluster(int(sys.argv[2]))
else:
    asyncio.run(main())
