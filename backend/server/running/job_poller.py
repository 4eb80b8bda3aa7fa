"""A web worker's hand that starts the process for long work, when an admin asked for some."""

import os
import threading

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from backend.clock import utc_now
from backend.database.extensions import db
from backend.jobs.service import call
from backend.server.running.periodic_command import FLASK, Chore

log = structlog.get_logger()

# So long an admin waits for something to begin.
EVERY_S = 3.0
RUN = (*FLASK, "jobs", "run")


def keep_working(app: Flask) -> threading.Thread:
    """Look every few seconds for what waits, in a thread that ends with the process."""
    thread = threading.Thread(target=_go_on, args=(app,), name="jobs", daemon=True)
    thread.start()
    return thread


def _go_on(app: Flask) -> None:
    runner, pause = Chore(os.environ, RUN, 0, "jobs"), threading.Event()
    while not pause.wait(EVERY_S):
        runner.settle()
        with app.app_context():
            try:
                if call(utc_now()):
                    runner.look()
            except SQLAlchemyError as error:  # the next round finds what waits
                log.warning("no runner started", error=type(error).__name__)
                db.session.remove()
