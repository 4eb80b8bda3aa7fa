"""The periodic process of events: note what nobody's request causes, number, deliver."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from backend.coverage.alerts.reached import note_reached
from backend.database.extensions import db
from backend.events.delivery import any_enabled, deliver, due_webhooks
from backend.events.sending import Sent, send
from backend.outbox.service import number_pending
from backend.reports.monthly.deadlines import note_near_deadlines

# A receiver has an event within about this time.
DELIVER_EVERY_S = 1.0
# Counts are read again after this time for communes that reached their target.
NOTE_EVERY_S = 60.0
# Webhooks that are served at the same time: a slow receiver delays no other.
AT_ONCE = 8

Clock = Callable[[], datetime]

log = structlog.get_logger()


def run(app: Flask, clock: Clock, for_s: float, sender: Callable[..., Sent] = send) -> None:
    """Note and number events, and deliver them for a time if there is a webhook.

    An interrupted database is waited for.
    """
    ends = time.monotonic() + for_s
    noted = float("-inf")
    running: dict[int, Future[None]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while True:
            try:
                if time.monotonic() >= noted + NOTE_EVERY_S:
                    noted = time.monotonic()
                    note(clock())
                number_pending()
                for hook in due_webhooks(clock()):
                    if hook not in running or running[hook].done():
                        running[hook] = pool.submit(_deliver, app, hook, clock, sender)
                waits = any_enabled()
            except SQLAlchemyError as error:  # it is restarted or busy
                log.warning("events wait", error=type(error).__name__)
                db.session.remove()
                waits = True
            if time.monotonic() >= ends or not (waits or any_running(running)):
                return
            time.sleep(DELIVER_EVERY_S)


def note(now: datetime) -> None:
    """Note communes that reached their target and missing reports that are due soon."""
    note_reached(now)
    note_near_deadlines(now)


def any_running(running: dict[int, Future[None]]) -> bool:
    """Return whether a delivery has not ended."""
    return any(not one.done() for one in running.values())


def _deliver(app: Flask, hook: int, clock: Clock, sender: Callable[..., Sent]) -> None:
    with app.app_context():
        try:
            deliver(hook, clock, sender)
        except SQLAlchemyError as error:  # the lease ends, and the event is sent again
            log.warning("not delivered", webhook=hook, error=type(error).__name__)
        except Exception as error:  # of one hook: the others go on
            log.error("not delivered", webhook=hook, exc_info=error)
        finally:
            db.session.remove()
