"""Enqueue jobs, list them, and claim the start of their runner."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, exists, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.errors import Problem
from backend.jobs.models import Job

# An arbitrary number of an advisory lock, held by the runner.
JOBS_LOCK = 5_692
# A runner starts within two seconds; after this a claim without a runner is void.
CLAIM_EXPIRES = timedelta(minutes=1)
SHOWN = 20

LOCK_HELD = text("""
    locktype = 'advisory' and classid = 0 and objid = :lock and objsubid = 1 and granted
    and database = (select oid from pg_database where datname = current_database())
""").bindparams(lock=JOBS_LOCK)
RUNNER_ACTIVE = exists().select_from(text("pg_locks")).where(LOCK_HELD)
RUNNING = update(Job).where(Job.state == "running")


def enqueue(actor: Actor, kind: str, arguments: Mapping[str, Any], now: datetime) -> Job:
    """Add a job; 409 while one of the same kind waits or runs."""
    require(actor, "system.manage")
    fail_orphans(now)
    job = Job(kind=kind, arguments=dict(arguments), asked_by=actor.name, asked_at=now)
    db.session.add(job)
    try:
        db.session.flush()
    except IntegrityError:
        raise Problem(409, "job_open") from None
    record_act(actor, "job.ask", f"job:{job.id}", kind=kind, arguments=dict(arguments))
    db.session.commit()
    return job


def retry(actor: Actor, job_id: int, now: datetime) -> Job:
    """Enqueue a failed job again; every kind can be repeated."""
    require(actor, "system.manage")
    fail_orphans(now)
    job = db.session.get(Job, job_id)
    if job is None or job.state != "failed":
        raise Problem(404, "not_found")
    return enqueue(actor, job.kind, job.arguments, now)


def list_jobs(actor: Actor, now: datetime) -> list[Job]:
    """Return the latest jobs, newest first."""
    require(actor, "system.manage")
    fail_orphans(now)
    db.session.commit()
    return list(db.session.scalars(select(Job).order_by(Job.id.desc()).limit(SHOWN)))


def show_job(actor: Actor, job_id: int) -> Job:
    """Return a job with its result."""
    require(actor, "system.manage")
    job: Job | None = db.session.get(Job, job_id)
    if job is None:
        raise Problem(404, "not_found")
    return job


def latest_job(actor: Actor, kind: str) -> Job | None:
    """Return the latest successful job of a kind."""
    require(actor, "system.manage")
    query = select(Job).where(Job.kind == kind, Job.state == "done")
    found: Job | None = db.session.scalar(query.order_by(Job.id.desc()).limit(1))
    return found


def fail_orphans(now: datetime) -> None:
    """Fail running jobs whose runner is gone; the caller commits.

    One statement reads the running jobs before the lock: a runner takes the lock before it starts
    a job, and rows that change meanwhile are checked again.
    """
    _fail(RUNNING.where(~RUNNER_ACTIVE), now)


def fail_running(now: datetime) -> None:
    """Fail all running jobs; for a new runner, which holds the lock. The caller commits."""
    _fail(RUNNING, now)


def _fail(running: Update, now: datetime) -> None:
    db.session.execute(running.values(state="failed", error="died", ended_at=now))


def runner_active() -> bool:
    """Return whether a runner holds the lock."""
    return bool(db.session.scalar(select(RUNNER_ACTIVE)))


def claim(now: datetime) -> bool:
    """Return whether this process shall start a runner; only one of several gets True."""
    waiting = select(Job.id).where(
        Job.state == "waiting", or_(Job.called_at.is_(None), Job.called_at < now - CLAIM_EXPIRES)
    )
    if db.session.scalar(waiting.limit(1)) is None or runner_active():
        db.session.rollback()
        return False
    locked = waiting.order_by(Job.id).limit(1).with_for_update(skip_locked=True)
    claimed = update(Job).where(Job.id.in_(locked.scalar_subquery())).values(called_at=now)
    found = db.session.execute(claimed.returning(Job.id)).first()
    db.session.commit()
    return found is not None
