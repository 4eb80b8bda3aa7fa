"""The one process that does what admins asked for: one job after the other, until none waits."""

from datetime import datetime

import structlog
from flask import current_app
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError

from backend.clock import Clock
from backend.database.extensions import db
from backend.errors import Problem
from backend.jobs.models import Job
from backend.jobs.service import JOBS_LOCK, died

log = structlog.get_logger()

# A page that looks every few seconds sees no more than this.
TELL_EVERY_S = 1.0
ERROR_MOST = 500

TRY = text("select pg_try_advisory_xact_lock(:lock)")
TELL = text("update jobs set done = :done, whole = :whole where id = :id")


def run_waiting(clock: Clock) -> int:
    """Do what waits and tell how many jobs that were; none where another process is at it.

    The lock is a transaction's, open for as long as there is work: it ends with this process
    however that ends, and a pooler leaves it the same connection. It has read nothing that would
    keep old rows from being cleaned up.
    """
    jobs = 0
    with db.engine.connect() as holder, db.engine.connect() as own:
        own = own.execution_options(isolation_level="AUTOCOMMIT")
        if not holder.execute(TRY, {"lock": JOBS_LOCK}).scalar():
            return 0
        died(clock())
        db.session.commit()
        while job := _begin(clock()):
            _work(job, own, clock)
            jobs += 1
    return jobs


def _begin(now: datetime) -> Job | None:
    """Take the job that waited longest."""
    waiting = select(Job).where(Job.state == "waiting").order_by(Job.id).limit(1)
    job: Job | None = db.session.scalar(waiting)
    if job is not None:
        job.state, job.started_at = "running", now
    db.session.commit()
    return job


def _work(job: Job, own: Connection, clock: Clock) -> None:
    """Do one job; whatever becomes of it is written down."""
    told = {"id": job.id}
    work, last = current_app.extensions["job_kinds"][job.kind], clock()
    arguments = {**job.arguments, "job": job.id, "asked_by": job.asked_by}
    db.session.rollback()

    def progress(done: int, whole: int) -> None:
        nonlocal last
        if done == whole or (clock() - last).total_seconds() >= TELL_EVERY_S:
            last = clock()
            own.execute(TELL, told | {"done": done, "whole": whole})

    try:
        end = {"state": "done", "result": work(arguments, progress)}
    except Exception as error:
        log.error("job failed", job=told["id"], exc_info=error)
        end = {"state": "failed", "error": _reason(error)}
    db.session.rollback()
    ended = update(Job).where(Job.id == told["id"])
    db.session.execute(ended.values(**end, ended_at=clock()))
    db.session.commit()


def _reason(error: Exception) -> str:
    """What the page tells; of the database's errors the kind alone: they quote rows."""
    if isinstance(error, Problem):
        return error.code
    if isinstance(error, DBAPIError):
        return type(error).__name__
    return f"{type(error).__name__}: {error}"[:ERROR_MOST]
