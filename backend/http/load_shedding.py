"""Reject requests that waited too long for a thread, by CoDel (RFC 8289)."""

import random
from contextvars import ContextVar

from flask import Flask, request

from backend.errors import Problem

# Clients give up after 15 s and retry: serving a longer queue in order would answer none of them in
# time. A burst is served in full …
WAIT_MOST_S = 2.0
# … but a queue that has not been empty for so long comes from overload, and is kept this short.
# CoDel distinguishes bursts from standing queues in this way; the values are for a web server.
STANDS_AFTER_S, WAIT_STANDING_S = 5.0, 0.25
# Random, so that rejected clients do not return at the same time.
RETRY_S = (2, 10)
ALWAYS_ANSWERED = "health."  # monitoring needs answers under load

waited_too_long: ContextVar[bool] = ContextVar("waited_too_long", default=False)  # by the worker


class CoDelQueue:
    """The queue of requests of one process that wait for a thread, first in, first out."""

    def __init__(self) -> None:
        self._taken_at = self._empty_at = 0.0

    def is_late(self, joined_at: float, now: float) -> bool:
        """Take the next request; return whether it waited too long. Times in seconds."""
        if joined_at >= self._taken_at:  # the queue was empty
            self._empty_at = joined_at
        self._taken_at = now
        stands = now - self._empty_at > STANDS_AFTER_S
        return now - joined_at > (WAIT_STANDING_S if stands else WAIT_MOST_S)


def init_app(app: Flask) -> None:
    """Reject late requests before any other work."""
    app.before_request(_reject_late)


def _reject_late() -> None:
    if waited_too_long.get() and not (request.endpoint or "").startswith(ALWAYS_ANSWERED):
        raise Problem(503, "busy", headers={"Retry-After": str(random.randint(*RETRY_S))})  # noqa: S311
