"""The rules of sending, without storage or network: pauses, batches, results."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Small batches lose little when the connection drops.
BATCH = 50
# A random wait, with a limit that doubles with each failure up to 15 minutes.
WAIT_FIRST_S, MAX_WAIT_S = 1.0, 900.0

Outcome = Literal["sent", "nothing", "later", "ended"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API; status None: none, the server may have processed the request or not."""

    status: int | None
    wait: float = 0.0  # seconds of Retry-After
    content: Any = None

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return self.status is not None and self.status < 300

    @property
    def unknown(self) -> bool:
        """Whether the same request must be repeated later."""
        return self.status in (None, 408, 413, 429) or (self.status or 0) >= 500


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an attempt, and the seconds until the next one.

    `later`: no answer, or the server asked to wait; `ended`: the phone was withdrawn.
    """

    outcome: Outcome
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause after failures, in seconds of the clock: attempts begin at `until`.

    A person who wants to send waits until `earliest` only, the time that the server asked for.
    """

    until: float
    earliest: float
    limit: float  # of the next random wait

    def left(self, now: float, afresh: bool) -> float:
        """Return the seconds that it still lasts; a longer one is of a clock that was changed."""
        left = (self.earliest if afresh else self.until) - now
        return left if 0 < left <= 2 * MAX_WAIT_S else 0.0


def pause_after(before: Pause | None, wait: float, now: float, *, afresh: bool = False) -> Pause:
    """Return the pause after one more failure, whose answer asked for `wait` seconds."""
    limit = before.limit if before and not afresh else WAIT_FIRST_S
    earliest = now + min(wait, MAX_WAIT_S)
    return Pause(earliest + random.uniform(0, limit), earliest, min(2 * limit, MAX_WAIT_S))  # noqa: S311


def send_in_batches(
    waiting: Sequence[dict[str, Any]],
    post: Callable[[Sequence[dict[str, Any]]], Answer],
    settle: Callable[[dict[str, Any], dict[str, Any]], None],
) -> Sent:
    """Send samples in batches, smaller ones after 413; `settle` stores the result of each."""
    size, at = BATCH, 0
    while at < len(waiting):
        part = waiting[at : at + size]
        answer = post(part)
        if answer.status == 401:
            return Sent("ended")
        if answer.status == 413 and len(part) > 1:
            size = len(part) // 2
            continue
        results = answer.content.get("results") if isinstance(answer.content, dict) else None
        if not answer.ok or not isinstance(results, list) or len(results) != len(part):
            return Sent("later", answer.wait)
        for sample, result in zip(part, results, strict=True):
            settle(sample, result)
        at += len(part)
    return Sent("sent" if waiting else "nothing")


def is_stored(result: dict[str, Any]) -> bool:
    """Return whether the server has the sample: `accepted` and `duplicate` are both success."""
    return result.get("outcome") in ("accepted", "duplicate")
