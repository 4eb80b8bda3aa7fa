"""The worker's own hand that keeps the counts in step: it folds what waits, again and again."""

import threading

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from backend.database.extensions import db
from backend.measurements.recording.counting import fold_all

log = structlog.get_logger()

# A page shows a sample within these seconds; more often would only make smaller folds.
EVERY_S = 2.0


def keep_folded(
    app: Flask, every_s: float = EVERY_S, stop: threading.Event | None = None
) -> threading.Thread:
    """Fold every few seconds in a thread that ends with the process, or with `stop`."""
    stop = stop or threading.Event()
    thread = threading.Thread(target=_go_on, args=(app, every_s, stop), name="folding", daemon=True)
    thread.start()
    return thread


def _go_on(app: Flask, every_s: float, stop: threading.Event) -> None:
    while not stop.wait(every_s):
        with app.app_context():
            try:
                fold_all()
            except SQLAlchemyError as error:  # the next round finds what this one left
                log.warning("not folded", error=type(error).__name__)
                db.session.remove()
