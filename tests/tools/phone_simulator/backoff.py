"""How long to wait before trying again."""

import random

# A real app goes up to 15 minutes; a trial of a few minutes wants to see the end.
FIRST_S, MOST_S = 0.5, 15.0


class Backoff:
    """Exponential, with jitter over the whole span: a thousand phones must not return at once."""

    def __init__(self, rng: random.Random, first: float = FIRST_S, most: float = MOST_S) -> None:
        self._rng, self._first, self._most = rng, first, most
        self._failures = 0

    def delay(self, retry_after: float | None = None) -> float:
        """Seconds to wait after one more failure; never less than the server asked for."""
        span = min(self._most, self._first * 2.0 ** min(self._failures, 20))
        self._failures += 1
        return (retry_after or 0.0) + self._rng.uniform(0.0, span)

    def reset(self) -> None:
        """Something worked: begin again."""
        self._failures = 0
