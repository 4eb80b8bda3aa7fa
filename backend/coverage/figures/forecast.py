"""How far a month has gone, and what must come in the rest of it; pure functions of arrays."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from backend.clock import month_end, month_start

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """A month as it stands on a day: its first day, its length, how many days are over."""

    first: date
    days: int
    done: int
    today: int | None  # the running day's place in the month, from 0; None in any other month

    @property
    def left(self) -> int:
        """Days in which samples can still be taken, the running one among them."""
        return self.days - self.done

    def remaining(self) -> list[date]:
        """The days that are not over."""
        return [self.first + timedelta(days=n) for n in range(self.done, self.days)]


def span(month: str, today: date) -> Span:
    """How far a month has gone on a day; a future one not at all, a past one wholly."""
    first, last = month_start(month), month_end(month)
    days = (last - first).days + 1
    done = min(max((today - first).days, 0), days)
    return Span(first, days, done, done if first <= today <= last else None)


def expected(target: Numbers, gone: Span) -> Numbers:
    """What a unit should have by now: its target by the share of whole days that are over."""
    return target * gone.done / gone.days


def pace(so_far: Numbers, gone: Span) -> Numbers:
    """Samples per completed day; NaN before the first is over."""
    return so_far / gone.done if gone.done else np.full(len(so_far), np.nan)


def needed_per_day(shortfall: Numbers, gone: Span) -> Numbers:
    """What each day that is left must bring, in whole samples; NaN where none is left."""
    return np.ceil(shortfall / gone.left) if gone.left else np.full(len(shortfall), np.nan)


def best_reachable(needs: Numbers, volume: float) -> int:
    """How many units as many samples could have brought to their targets, spread at best.

    With one target for all of them: min(units, floor(volume / target)).
    """
    return int(np.searchsorted(np.cumsum(np.sort(needs)), volume, side="right"))
