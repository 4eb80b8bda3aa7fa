"""How long a request has waited for a thread, and from when on it is sent away instead."""

import random
from contextvars import ContextVar

from flask import request

from backend.errors import Problem

# A phone gives up after 15 s and asks again: a server that works through a longer line answers
# nobody. After an overload the line is as long as this and empties as fast.
WAIT_MOST_S = 2.0
# Not the same for everybody, or all would be back at once.
RETRY_S = (2, 10)
ALWAYS_ANSWERED = "health."  # who watches the server must see it while it is busy

waited_s: ContextVar[float] = ContextVar("waited_s", default=0.0)  # set by backend.server.worker


def shed() -> None:
    """Refuse, before anything is done, a request that has waited for too long."""
    if waited_s.get() > WAIT_MOST_S and not (request.endpoint or "").startswith(ALWAYS_ANSWERED):
        raise Problem(503, "busy", headers={"Retry-After": str(random.randint(*RETRY_S))})  # noqa: S311
