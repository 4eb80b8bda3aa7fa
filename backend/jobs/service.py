"""Long work is asked for at a page and seen there until it ended; a process of its own does it."""

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

# Any number that nothing else in this database locks: whoever does the work holds it.
JOBS_LOCK = 5_692
# A runner takes two seconds to begin; one that was called and did not come is called again.
CALL_AGAIN = timedelta(minutes=1)
SHOWN = 20

HELD = text("""
    locktype = 'advisory' and classid = 0 and objid = :lock and objsubid = 1 and granted
    and database = (select oid from pg_database where datname = current_database())
""").bindparams(lock=JOBS_LOCK)
AT_WORK = exists().select_from(text("pg_locks")).where(HELD)
RUNNING = update(Job).where(Job.state == "running")


def ask(actor: Actor, kind: str, arguments: Mapping[str, Any], now: datetime) -> Job:
    """Ask for long work; 409 while the same kind waits or runs."""
    require(actor, "system.manage")
    bury(now)
    job = Job(kind=kind, arguments=dict(arguments), asked_by=actor.name, asked_at=now)
    db.session.add(job)
    try:
        db.session.flush()
    except IntegrityError:
        raise Problem(409, "job_open") from None
    record_act(actor, "job.ask", f"job:{job.id}", kind=kind, arguments=dict(arguments))
    db.session.commit()
    return job


def ask_again(actor: Actor, job_id: int, now: datetime) -> Job:
    """Ask for the work of a job that failed once more: all of it can be run again."""
    require(actor, "system.manage")
    bury(now)
    job = db.session.get(Job, job_id)
    if job is None or job.state != "failed":
        raise Problem(404, "not_found")
    return ask(actor, job.kind, job.arguments, now)


def list_jobs(actor: Actor, now: datetime) -> list[Job]:
    """The latest jobs, newest first."""
    require(actor, "system.manage")
    bury(now)
    db.session.commit()
    return list(db.session.scalars(select(Job).order_by(Job.id.desc()).limit(SHOWN)))


def show_job(actor: Actor, job_id: int) -> Job:
    """A job with what came of it."""
    require(actor, "system.manage")
    job: Job | None = db.session.get(Job, job_id)
    if job is None:
        raise Problem(404, "not_found")
    return job


def latest_job(actor: Actor, kind: str) -> Job | None:
    """The latest job of a kind that was done."""
    require(actor, "system.manage")
    query = select(Job).where(Job.kind == kind, Job.state == "done")
    found: Job | None = db.session.scalar(query.order_by(Job.id.desc()).limit(1))
    return found


def bury(now: datetime) -> None:
    """Say of jobs that run while nobody is at work that they died; the caller commits.

    In one statement, that looks at the lock after it saw which jobs run: whoever begins a job holds
    the lock before, and what ends meanwhile is looked at again.
    """
    _died(RUNNING.where(~AT_WORK), now)


def died(now: datetime) -> None:
    """Say so of every job that runs, by whoever knows that none does; the caller commits."""
    _died(RUNNING, now)


def _died(running: Update, now: datetime) -> None:
    db.session.execute(running.values(state="failed", error="died", ended_at=now))


def at_work() -> bool:
    """Whether some process does the work."""
    return bool(db.session.scalar(select(AT_WORK)))


def call(now: datetime) -> bool:
    """Whether this process is to start a runner: of several that look, one is told so."""
    waiting = select(Job.id).where(
        Job.state == "waiting", or_(Job.called_at.is_(None), Job.called_at < now - CALL_AGAIN)
    )
    if db.session.scalar(waiting.limit(1)) is None or at_work():
        db.session.rollback()
        return False
    locked = waiting.order_by(Job.id).limit(1).with_for_update(skip_locked=True)
    called = update(Job).where(Job.id.in_(locked.scalar_subquery())).values(called_at=now)
    found = db.session.execute(called.returning(Job.id)).first()
    db.session.commit()
    return found is not None
