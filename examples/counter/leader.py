"""The leading worker asks the database every ten seconds, and tells all workers.

pm start leader.py -i 4
"""

import os
import threading
import time

from database import count_users
from server import serve

import pm

INTERVAL = float(os.environ.get("INTERVAL", "10"))
known = {"usersCount": -1}


@pm.on_message
def told(message: dict[str, object]) -> None:
    """Learn the number; or say it to a worker that has just begun, if it is this one's to say."""
    if message == {"new": True}:
        if pm.is_leader and known["usersCount"] >= 0:
            pm.broadcast(known)
    else:
        known.update(message)


def ask_for_all() -> None:
    """Ask the database whenever this worker leads; another one does when this one dies."""
    while True:
        if pm.is_leader:
            number = {"usersCount": count_users()}
            if not pm.broadcast(number):  # alone, without pm
                told(number)
        time.sleep(INTERVAL)


pm.broadcast({"new": True})
threading.Thread(target=ask_for_all, daemon=True).start()
serve(lambda: known["usersCount"])
