"""Waiting times between attempts."""

import random

# A real app waits up to 15 minutes; a trial lasts only minutes.
FIRST_S, MAX_S = 0.5, 15.0


class Backoff:
    """Exponential backoff with full jitter, so that many phones do not return at the same time."""

    def __init__(self, rng: random.Random, first: float = FIRST_S, most: float = MAX_S) -> None:
        self._rng, self._first, self._most = rng, first, most
        self._failures = 0

    def delay(self, retry_after: float | None = None) -> float:
        """Return seconds to wait after another failure, at least `retry_after`."""
        span = min(self._most, self._first * 2.0 ** min(self._failures, 20))
        self._failures += 1
        return (retry_after or 0.0) + self._rng.uniform(0.0, span)

    def reset(self) -> None:
        """Start again after a success."""
        self._failures = 0
