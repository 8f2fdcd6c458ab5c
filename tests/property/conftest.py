"""How hypothesis runs here: no deadline for one example, the machine may be busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("pm", deadline=None)
settings.load_profile("pm")
