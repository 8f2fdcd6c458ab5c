"""How often a master may die before its app is given up. Pure."""

from __future__ import annotations

from pm.record import dataclass

STABLE_AFTER = 10.0
"""A master that lived so many seconds is not blamed for earlier deaths."""
MOST_IN_A_ROW = 5
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 15.0


@dataclass(frozen=True)
class Deaths:
    """Deaths of one app's masters in a row."""

    in_a_row: int = 0

    def another(self, lived: float) -> Deaths:
        """Count one more death, of a master that lived `lived` seconds."""
        return Deaths(1 if lived >= STABLE_AFTER else self.in_a_row + 1)

    @property
    def given_up(self) -> bool:
        """True once no new master is to be started."""
        return self.in_a_row > MOST_IN_A_ROW

    @property
    def delay(self) -> float:
        """Seconds until the next master: none after the first death, then doubled each time."""
        if self.in_a_row <= 1:
            return 0.0
        return min(_FIRST_DELAY * 2.0 ** (self.in_a_row - 2), _LONGEST_DELAY)
