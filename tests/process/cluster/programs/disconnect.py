"""test-cluster-disconnect, -disconnect-idle-worker, -unshared-tcp, -with-no-workers,
-before-exit: all servers of all workers answer, all disconnect, and then all of it again."""

import asyncio

from checks import Record, ask, done, listener, serve_ids, until

from pm import cluster

WORKERS, SERVERS = 4, 2


async def cycle():
    record, answers, over = Record(), set(), []
    workers = [cluster.fork() for _ in range(WORKERS)]
    idle = cluster.fork({"IDLE": "1"})
    await until(lambda: len(record.of("listening")) == WORKERS * SERVERS, "all listen")
    ports = {entry[2].port for entry in record.of("listening")}
    assert len(ports) == SERVERS, ports
    wanted = {(port, str(worker.id)) for port in ports for worker in workers}

    async def gather():
        while answers < wanted:
            for port in ports:
                answers.add((port, await ask(port)))

    await asyncio.wait_for(gather(), 15)
    await until(lambda: idle.state == "online", "the idle worker is online")
    outcome = cluster.disconnect(lambda: over.append(1))
    assert cluster.workers == {}
    assert over == []  # never at once
    await outcome
    assert over == [1]
    assert all(worker.exited_after_disconnect for worker in [*workers, idle])
    await until(lambda: len(record.of("exit")) == WORKERS + 1, "all have ended")
    assert {entry[2:] for entry in record.of("exit")} == {(0, None)}, record.all
    for port in ports:
        try:
            await ask(port)
        except ConnectionRefusedError:
            continue
        raise AssertionError(f"port {port} is not free")


async def main():
    over = []
    outcome = cluster.disconnect(lambda: over.append(1))  # nobody is there
    assert over == []
    await outcome
    assert over == [1]
    async with cluster:
        await cycle()
        await cycle()
    done()


if cluster.is_primary:
    asyncio.run(main())
else:
    import os
    import threading
    import time

    if "IDLE" in os.environ:
        time.sleep(60)
    for _ in range(SERVERS):
        threading.Thread(target=serve_ids, args=(listener(),), daemon=True).start()
    time.sleep(60)
