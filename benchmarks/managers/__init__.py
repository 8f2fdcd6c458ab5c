"""Process managers behind one interface: pm and its peers with a daemon."""

from __future__ import annotations

from .base import Manager, Program
from .circus import Circus
from .pm import Pm, PmUnrotated
from .pm2 import Pm2
from .supervisor import Supervisor

__all__ = ["MANAGERS", "PEERS", "Manager", "Pm", "PmUnrotated", "Program"]

PEERS: tuple[type[Manager], ...] = (Pm2, Supervisor, Circus)
MANAGERS: tuple[type[Manager], ...] = (Pm, *PEERS)
