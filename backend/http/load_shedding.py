"""Whether a request has waited too long for a thread, and is sent away instead of served."""

import random
from contextvars import ContextVar

from flask import request

from backend.errors import Problem

# A phone gives up after 15 s and asks again: a server that works through a longer line answers
# nobody. What a short stall piles up is served all the same …
WAIT_MOST_S = 2.0
# … but a line that stands for so long comes of more than can be served, and waiting in it helps
# nobody: then it is kept as short as this. That is how CoDel tells a burst from a queue that
# stands (RFC 8289), here with the numbers of a web server.
STANDS_AFTER_S, WAIT_STANDING_S = 5.0, 0.25
# Not the same for everybody, or all would be back at once.
RETRY_S = (2, 10)
ALWAYS_ANSWERED = "health."  # who watches the server must see it while it is busy

waited_too_long: ContextVar[bool] = ContextVar("waited_too_long", default=False)  # by the worker


class Line:
    """The requests of one process that wait for a thread, first come, first served."""

    def __init__(self) -> None:
        self._taken_at = self._empty_at = 0.0

    def too_long(self, joined_at: float, now: float) -> bool:
        """Take the next one: has it waited too long? Both times in seconds of one clock."""
        if joined_at >= self._taken_at:  # whoever came before was served already
            self._empty_at = joined_at
        self._taken_at = now
        stands = now - self._empty_at > STANDS_AFTER_S
        return now - joined_at > (WAIT_STANDING_S if stands else WAIT_MOST_S)


def shed() -> None:
    """Refuse, before anything is done, a request that has waited for too long."""
    if waited_too_long.get() and not (request.endpoint or "").startswith(ALWAYS_ANSWERED):
        raise Problem(503, "busy", headers={"Retry-After": str(random.randint(*RETRY_S))})  # noqa: S311
