"""Limits that others publish for what we ask of them: so many uses within any so many seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SLOTS = 60


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` uses within any `seconds`.

    Uses are counted in slots of a sixtieth of that time. A slot counts until all of it is older than `seconds`, so
    that the limit holds for a window that slides as well as for one that starts anew by the clock.
    """

    most: int
    seconds: int

    @property
    def slot(self) -> int:
        """How long one slot is, in whole seconds."""
        return max(1, self.seconds // SLOTS)

    def begins(self, at: float) -> int:
        """The slot that a moment is in, by its first second; moments are seconds since the epoch."""
        return int(at // self.slot) * self.slot

    def ends(self, begins: int) -> int:
        """When a slot counts no more."""
        return begins + self.slot + self.seconds

    def wait(self, used: Mapping[int, int], amount: int, at: float) -> float:
        """In how many seconds there is room for `amount` more, from the uses by slot; infinite if there never is."""
        if amount > self.most:
            return float("inf")
        counted = {begins: uses for begins, uses in used.items() if self.ends(begins) > at}
        left = sum(counted.values())
        until = at
        for begins in sorted(counted):
            if left + amount <= self.most:
                break
            left -= counted[begins]
            until = self.ends(begins)
        return until - at
