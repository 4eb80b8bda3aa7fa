"""The background thread of web workers: jobs are started, heartbeats and usage written."""

import os
import threading
from datetime import datetime

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from backend.clock import utc_now
from backend.database.extensions import db
from backend.jobs.service import claim
from backend.measurements.no_connection.heartbeats import beat
from backend.monitoring.usage import store_usage
from backend.server.running.periodic_command import FLASK, PeriodicCommand, Schedule

log = structlog.get_logger()

# A job starts within this time.
EVERY_S = 3.0
RUN = Schedule("jobs", (*FLASK, "jobs", "run"), 0)


def start_job_poller(app: Flask) -> threading.Thread:
    """Poll for waiting jobs, write heartbeats and usage, in a thread that ends with the process."""
    thread = threading.Thread(target=_poll, args=(app,), name="jobs", daemon=True)
    thread.start()
    return thread


def _poll(app: Flask) -> None:
    runner, pause = PeriodicCommand(RUN, os.environ), threading.Event()
    minute: datetime | None = None
    while not pause.wait(EVERY_S):
        runner.record_end()
        with app.app_context():
            try:
                minute = _beat_if_due(minute)
                if claim(utc_now()):
                    runner.start_if_due()
            except SQLAlchemyError as error:  # the next round retries
                log.warning("no runner started", error=type(error).__name__)
                db.session.remove()


def _beat_if_due(last: datetime | None) -> datetime:
    """Write a heartbeat and usage if the minute is another one than the last; return it."""
    now = utc_now()
    minute = now.replace(second=0, microsecond=0)
    if minute != last:
        beat(now)
        store_usage(now)
    return minute
