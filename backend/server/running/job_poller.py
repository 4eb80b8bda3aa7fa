"""The background thread of web workers that starts the runner of jobs when one waits."""

import os
import threading

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from backend.clock import utc_now
from backend.database.extensions import db
from backend.jobs.service import claim
from backend.server.running.periodic_command import FLASK, PeriodicCommand, Schedule

log = structlog.get_logger()

# A job starts within this time.
EVERY_S = 3.0
RUN = Schedule("jobs", (*FLASK, "jobs", "run"), 0)


def start_job_poller(app: Flask) -> threading.Thread:
    """Poll for waiting jobs in a thread that ends with the process."""
    thread = threading.Thread(target=_poll, args=(app,), name="jobs", daemon=True)
    thread.start()
    return thread


def _poll(app: Flask) -> None:
    runner, pause = PeriodicCommand(RUN, os.environ), threading.Event()
    while not pause.wait(EVERY_S):
        runner.record_end()
        with app.app_context():
            try:
                if claim(utc_now()):
                    runner.start_if_due()
            except SQLAlchemyError as error:  # the next round retries
                log.warning("no runner started", error=type(error).__name__)
                db.session.remove()
