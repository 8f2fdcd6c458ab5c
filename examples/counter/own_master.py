"""A program with a master of its own, which asks the database every ten seconds and tells all.

python own_master.py
"""

import asyncio
import os

from database import count_users
from server import serve

from pm import cluster

INTERVAL = float(os.environ.get("INTERVAL", "10"))
known = {"usersCount": -1}


async def ask_for_all() -> None:
    """Ask in a thread: while the master waits for a database, it hands over no connections."""
    while True:
        known["usersCount"] = await asyncio.to_thread(count_users)
        for worker in cluster.workers.values():
            worker.send(known)
        await asyncio.sleep(INTERVAL)


async def master() -> None:
    """Fork four workers, replace those that die, and tell newcomers what is known."""
    cluster.on("online", lambda worker: worker.send(known))
    cluster.on("exit", lambda: cluster.fork())
    for _ in range(4):
        cluster.fork()
    asking = asyncio.create_task(ask_for_all())
    await cluster.serve()  # until Ctrl-C
    asking.cancel()


if cluster.is_primary:
    asyncio.run(master())
else:
    cluster.worker.on("message", known.update)
    serve(lambda: known["usersCount"])
