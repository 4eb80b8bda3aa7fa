"""The periodic process of events: note what nobody's request causes, number, deliver."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from backend.coverage.alerts.reached import emit_reached_events
from backend.database.extensions import db
from backend.outbox.service import number_pending
from backend.reports.monthly.deadlines import note_near_deadlines

# A receiver has an event within about this time.
DELIVER_EVERY_S = 1.0
# Counts are read again after this time for communes that reached their target.
NOTE_EVERY_S = 60.0

# Starts deliveries that are due; returns whether others may follow soon.
Deliver = Callable[[], bool]

log = structlog.get_logger()


def run(
    clock: Callable[[], datetime],
    for_s: float,
    delivery: Callable[[], AbstractContextManager[Deliver]],
) -> None:
    """Note and number events, and deliver them for a time while there is a receiver.

    An interrupted database is waited for.
    """
    ends = time.monotonic() + for_s
    noted = float("-inf")
    with delivery() as deliver:
        while True:
            try:
                if time.monotonic() >= noted + NOTE_EVERY_S:
                    noted = time.monotonic()
                    note(clock())
                number_pending()
                waits = deliver()
            except SQLAlchemyError as error:  # it is restarted or busy
                log.warning("events wait", error=type(error).__name__)
                db.session.remove()
                waits = True
            if time.monotonic() >= ends or not waits:
                return
            time.sleep(DELIVER_EVERY_S)


def note(now: datetime) -> None:
    """Note communes that reached their target and missing reports that are due soon."""
    emit_reached_events(now)
    note_near_deadlines(now)
