"""Refuse requests that waited too long for a thread since nginx passed them on, and costly ones.

Of costly answers one or two are built at a time on the machine, in turns (turns.py): processors and
threads stay free for the posts of phones.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask, current_app, request

from backend.database.extensions import roll_back
from backend.errors import Problem
from backend.http.turns import Turns

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
# How long one of them waits for its turn, and holds a thread: others before it take 1 or 2 s each.
COSTLY_WAIT_S = 8.0
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


@dataclass(frozen=True, slots=True)
class Party:
    """Whose turn a costly answer takes: a person who is signed in, or the network of an address."""

    name: str
    signed_in: bool


@contextmanager
def costly(party: Party, is_costly: bool = True) -> Iterator[None]:
    """Take one of the machine's places of costly answers, if this is one; 503 if no turn came.

    People who are signed in have a place of their own, with turns among them.
    """
    if not is_costly:
        yield
        return
    roll_back()  # no transaction stays open while this waits
    name, places = ("people", 1) if party.signed_in else ("public", COSTLY_AT_ONCE)
    turns = Turns(current_app.config["VAR_DIR"], f"costly-{name}", places)
    with turns.turn(party.name, COSTLY_WAIT_S) as came:
        if not came:
            raise _busy()
        sys.setswitchinterval(SWITCH_S)
        try:
            yield
        finally:
            sys.setswitchinterval(USUAL_SWITCH_S)


def _busy() -> Problem:
    return Problem(503, "busy", headers={"Retry-After": str(random.randint(*RETRY_S))})  # noqa: S311
