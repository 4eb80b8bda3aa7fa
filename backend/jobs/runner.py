"""The single process that runs waiting jobs one after the other."""

from datetime import datetime

import structlog
from flask import current_app
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError

from backend.clock import Clock
from backend.database.extensions import db
from backend.errors import Problem
from backend.jobs.models import Job
from backend.jobs.service import JOBS_LOCK, fail_running

log = structlog.get_logger()

# Pages poll every few seconds.
PROGRESS_EVERY_S = 1.0
ERROR_MOST = 500

LOCK = text("select pg_try_advisory_xact_lock(:lock)")
PROGRESS = text("update jobs set done = :done, whole = :whole where id = :id")


def run_waiting(clock: Clock) -> int:
    """Run waiting jobs and return their number; 0 while another process runs jobs.

    The lock is held by a transaction for as long as jobs wait: it ends with this process in any
    case, and a pooler keeps its connection. The transaction reads no rows, so that vacuum is not
    held up.
    """
    jobs = 0
    with db.engine.connect() as lock, db.engine.connect() as own:
        own = own.execution_options(isolation_level="AUTOCOMMIT")
        if not lock.execute(LOCK, {"lock": JOBS_LOCK}).scalar():
            return 0
        fail_running(clock())
        db.session.commit()
        while job := _start_next(clock()):
            _run(job, own, clock)
            jobs += 1
    return jobs


def _start_next(now: datetime) -> Job | None:
    """Start the oldest waiting job."""
    waiting = select(Job).where(Job.state == "waiting").order_by(Job.id).limit(1)
    job: Job | None = db.session.scalar(waiting)
    if job is not None:
        job.state, job.started_at = "running", now
    db.session.commit()
    return job


def _run(job: Job, own: Connection, clock: Clock) -> None:
    """Run a job and store its result or error."""
    values = {"id": job.id}
    work, last = current_app.extensions["job_kinds"][job.kind], clock()
    arguments = {**job.arguments, "job": job.id, "asked_by": job.asked_by}
    db.session.rollback()

    def progress(done: int, whole: int) -> None:
        nonlocal last
        if done == whole or (clock() - last).total_seconds() >= PROGRESS_EVERY_S:
            last = clock()
            own.execute(PROGRESS, values | {"done": done, "whole": whole})

    try:
        end = {"state": "done", "result": work(arguments, progress)}
    except Exception as error:
        log.error("job failed", job=values["id"], exc_info=error)
        end = {"state": "failed", "error": _reason(error)}
    db.session.rollback()
    ended = update(Job).where(Job.id == values["id"])
    db.session.execute(ended.values(**end, ended_at=clock()))
    db.session.commit()


def _reason(error: Exception) -> str:
    """Return the error for the page; of database errors only the type, since they quote rows."""
    if isinstance(error, Problem):
        return error.code
    if isinstance(error, DBAPIError):
        return type(error).__name__
    return f"{type(error).__name__}: {error}"[:ERROR_MOST]
