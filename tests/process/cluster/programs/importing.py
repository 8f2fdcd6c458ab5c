"""Workers that are told to leave while they import: they leave as at any other time.

Python loses an exception that a signal handler raises in `from a import b` where there is no b.
"""

import asyncio
import atexit
import os
import sys

from checks import done, until

from pm import cluster

STUCK = """
from pm import cluster
cluster.worker.send("importing")
while True:
    try:
        from sys import not_there
    except ImportError:
        pass
"""


async def main():
    cluster.on("message", lambda worker, _: worker.disconnect())
    async with cluster:
        workers = [cluster.fork() for _ in range(8)]
        await until(lambda: all(worker.is_dead() for worker in workers), "all have left")
    ends = [(worker.process.exit_code, worker.process.signal_code) for worker in workers]
    assert ends == [(0, None)] * 8, ends
    assert sorted(os.listdir()) == sorted([*(f"left-{n}" for n in range(1, 9)), "stuck.py"])
    done()


if cluster.is_worker:
    atexit.register(lambda: open(f"left-{cluster.worker.id}", "w").close())
    sys.path.insert(0, os.getcwd())
    import stuck  # noqa: F401 - it does not end
else:
    with open("stuck.py", "w") as module:
        module.write(STUCK)
    asyncio.run(main())
