"""Whoever needs the number first asks the database; for ten seconds all workers use the answer.

pm start shared.py -i 4
"""

import os

from database import count_users
from server import serve

import pm


@pm.cluster.shared(ttl=float(os.environ.get("INTERVAL", "10")))
def users() -> int:
    """Return the number of users, at most ten seconds old."""
    return count_users()


serve(users)
