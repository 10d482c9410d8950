"""A row of the table, and how seconds are taken."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. With a `limit` it is a ratio that must not be over it; without, it is for the reader."""

    name: str
    figure: float
    unit: str = "s"
    limit: float | None = None

    @property
    def is_held(self) -> bool:
        return self.limit is None or self.figure <= self.limit

    def line(self, width: int) -> str:
        """The row as text, its name padded to `width`."""
        text = f"{self.name:<{width}}  {self.figure:>9.4f} {self.unit:<2}"
        if self.limit is None:
            return text.rstrip()
        return f"{text}  limit {self.limit:g}  {'held' if self.is_held else 'MISSED'}"


def fastest(*actions: Callable[[], object], rounds: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """The shortest seconds of each action over `rounds`, taken in turns so that a busy moment hits them all."""
    best = [float("inf")] * len(actions)
    for _ in range(rounds):
        for place, action in enumerate(actions):
            began = clock()
            action()
            best[place] = min(best[place], clock() - began)
    return best
