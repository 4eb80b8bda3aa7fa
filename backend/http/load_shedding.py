"""Refuse requests that waited too long for a thread since nginx passed them on, and costly ones.

Of costly answers one or two are built at a time on the machine: processors and threads stay free
for the posts of phones.
"""

import fcntl
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app, request

from backend.errors import Problem

# By nginx, once it has the whole body: `t=` and seconds since 1970 (config/deploy/nginx-site.conf).
STARTED_HEADER = "X-Request-Start"
# Phones give up after 15 s and send again. Shorter waits are bursts and stalls of the disk, after
# which everything is served. With two seconds the queue of a sevenfold overload grew so long that
# refusing it left no processor time for 10 s to serve anything.
MAX_WAIT_S = 1.0
# A larger age, or one below 0, comes from another clock or from a client.
AGE_BELIEVED_S = 60.0
# Random, so that rejected clients do not return at the same time.
RETRY_S = (2, 10)
# Of a second of processor time or more, such as the country as a workbook. On two processors phones
# kept two thirds of their rate of posts with two at a time, nine tenths with one.
COSTLY_AT_ONCE = 1 if (os.cpu_count() or 1) < 4 else 2
# Other threads of the process, such as one with a post, wait for the interpreter so long at most,
# each time that they waited for the database.
SWITCH_S, USUAL_SWITCH_S = 0.0005, 0.005
ALWAYS_ANSWERED = "health"  # endpoints that begin so: monitoring needs answers under load


def init_app(app: Flask) -> None:
    """Refuse late requests before any other work."""
    app.before_request(_refuse_late)


def _refuse_late() -> None:
    if not current_app.config["TRUSTED_PROXIES"]:  # a client may have written the header
        return
    try:
        age_s = time.time() - float(request.headers.get(STARTED_HEADER, "").removeprefix("t="))
    except ValueError:
        return
    late = MAX_WAIT_S < age_s <= AGE_BELIEVED_S
    if late and not (request.endpoint or "").startswith(ALWAYS_ANSWERED):
        raise _busy()


@contextmanager
def costly(is_costly: bool = True, *, signed_in: bool = False) -> Iterator[None]:
    """Take one of the machine's places of costly answers, if this is one; 503 if all are taken.

    People who are signed in have a place of their own, which nobody else can keep taken.
    """
    if not is_costly:
        yield
        return
    for place in ["people"] * signed_in + list(map(str, range(COSTLY_AT_ONCE))):
        with (current_app.config["VAR_DIR"] / f"costly-{place}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            sys.setswitchinterval(SWITCH_S)
            try:
                yield
            finally:
                sys.setswitchinterval(USUAL_SWITCH_S)
            return
    raise _busy()


def _busy() -> Problem:
    return Problem(503, "busy", headers={"Retry-After": str(random.randint(*RETRY_S))})  # noqa: S311
