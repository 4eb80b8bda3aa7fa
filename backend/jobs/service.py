"""Enqueue, list and run jobs; a single process runs them one after the other."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Update, delete, exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import Clock
from backend.database.extensions import db, unless_violated
from backend.database.locks import JOBS_LOCK
from backend.errors import Problem, or_404
from backend.jobs.models import Job

Progress = Callable[[int, int], None]  # with what is done and the whole
Arguments = Mapping[str, Any]
Work = Callable[[Arguments, Progress], Mapping[str, object]]  # each kind has its own result

# A runner starts within two seconds; after this a claim without a runner is void.
CLAIM_EXPIRES = timedelta(minutes=1)
SHOWN = 20

LOCK_HELD = text("""
    locktype = 'advisory' and classid = 0 and objid = :lock and objsubid = 1 and granted
    and database = (select oid from pg_database where datname = current_database())
""").bindparams(lock=JOBS_LOCK)
RUNNER_ACTIVE = exists().select_from(text("pg_locks")).where(LOCK_HELD)
RUNNING = update(Job).where(Job.state == "running")
# Pages show what such a job found, the log why it failed; a page asks again for it.
ENDED_FOR_PLACES = delete(Job).where(Job.place.is_not(None), Job.state.in_(("done", "failed")))

log = structlog.get_logger()

# Pages poll every few seconds.
PROGRESS_EVERY_S = 1.0
MAX_ERROR = 500

LOCK = text("select pg_try_advisory_xact_lock(:lock)")
PROGRESS = text("update jobs set done = :done, whole = :whole where id = :id")


def enqueue(actor: Actor, kind: str, arguments: Arguments, now: datetime) -> Job:
    """Add a job; 409 while one of the same kind waits or runs."""
    require(actor, "system.manage")
    fail_orphans(now)
    job = Job(kind=kind, arguments=dict(arguments), asked_by=actor.name, asked_at=now)
    db.session.add(job)
    with unless_violated("uq_jobs_open", Problem(409, "job_open")):
        db.session.flush()
    record_act(actor, "job.ask", f"job:{job.id}", kind=kind, arguments=dict(arguments))
    db.session.commit()
    return job


def enqueue_once(kind: str, place: str, arguments: Arguments, asked_by: str, now: datetime) -> None:
    """Add a job for a place, unless one waits or runs; the caller commits."""
    fail_orphans(now)
    row = insert(Job).values(
        kind=kind, place=place, arguments=dict(arguments), asked_by=asked_by, asked_at=now
    )
    db.session.execute(row.on_conflict_do_nothing())


def is_open(kind: str, place: str) -> bool:
    """Return whether a job for a place waits or runs."""
    query = select(Job.id).filter_by(kind=kind, place=place)
    return db.session.scalar(query.where(Job.state.in_(("waiting", "running")))) is not None


def retry(actor: Actor, job_id: int, now: datetime) -> Job:
    """Enqueue a failed job again; every kind can be repeated."""
    require(actor, "system.manage")
    fail_orphans(now)
    job = db.session.get(Job, job_id)
    if job is None or job.state != "failed":
        raise Problem(404, "not_found")
    return enqueue(actor, job.kind, job.arguments, now)


def list_jobs(actor: Actor, now: datetime) -> list[Job]:
    """Return the latest jobs that admins started, newest first."""
    require(actor, "system.manage")
    fail_orphans(now)
    db.session.commit()
    query = select(Job).where(Job.place.is_(None)).order_by(Job.id.desc())
    return list(db.session.scalars(query.limit(SHOWN)))


def seconds_left(job: Job, now: datetime) -> float | None:
    """Return the estimated seconds until a running job ends, at its speed so far."""
    if job.state != "running" or job.started_at is None or not 0 < job.done <= job.whole:
        return None
    spent = max((now - job.started_at).total_seconds(), 0)
    return spent * (job.whole - job.done) / job.done


def show_job(actor: Actor, job_id: int) -> Job:
    """Return a job with its result."""
    require(actor, "system.manage")
    return or_404(db.session.get(Job, job_id))


def fail_orphans(now: datetime) -> None:
    """Fail running jobs whose runner is gone; the caller commits.

    One statement reads the running jobs before the lock: a runner takes the lock before it starts
    a job, and rows that change meanwhile are checked again.
    """
    _fail(RUNNING.where(~RUNNER_ACTIVE), now)


def _fail(running: Update, now: datetime) -> None:
    db.session.execute(running.values(state="failed", error="died", ended_at=now))
    db.session.execute(ENDED_FOR_PLACES)


def claim(now: datetime) -> bool:
    """Return whether this process shall start a runner; only one of several gets True."""
    waiting = select(Job.id).where(
        Job.state == "waiting", or_(Job.called_at.is_(None), Job.called_at < now - CLAIM_EXPIRES)
    )
    if db.session.scalar(waiting.limit(1)) is None or db.session.scalar(select(RUNNER_ACTIVE)):
        db.session.rollback()
        return False
    locked = waiting.order_by(Job.id).limit(1).with_for_update(skip_locked=True)
    claimed = update(Job).where(Job.id.in_(locked.scalar_subquery())).values(called_at=now)
    found = db.session.execute(claimed.returning(Job.id)).first()
    db.session.commit()
    return found is not None


def run_waiting(clock: Clock, kinds: Mapping[str, Work]) -> int:
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
        _fail(RUNNING, clock())  # their runner is gone: this process has the lock
        db.session.commit()
        while job := _start_next(clock()):
            _run(job, kinds, own, clock)
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


def _run(job: Job, kinds: Mapping[str, Work], own: Connection, clock: Clock) -> None:
    """Run a job and store its result or error; one of a former version may have no work."""
    values, kind = {"id": job.id}, job.kind
    last = clock()
    arguments = {**job.arguments, "job": job.id, "asked_by": job.asked_by}
    db.session.rollback()

    def progress(done: int, whole: int) -> None:
        nonlocal last
        if done == whole or (clock() - last).total_seconds() >= PROGRESS_EVERY_S:
            last = clock()
            own.execute(PROGRESS, values | {"done": done, "whole": whole})

    try:
        end = {"state": "done", "result": kinds[kind](arguments, progress)}
    except Exception as error:
        log.error("job failed", job=values["id"], exc_info=error)
        end = {"state": "failed", "error": _reason(error)}
    db.session.rollback()
    ended = update(Job).where(Job.id == values["id"])
    db.session.execute(ended.values(**end, ended_at=clock()))
    db.session.execute(ENDED_FOR_PLACES)
    db.session.commit()


def _reason(error: Exception) -> str:
    """Return the error for the page; of database errors only the type, since they quote rows."""
    if isinstance(error, Problem):
        return error.code
    if isinstance(error, DBAPIError):
        return type(error).__name__
    return f"{type(error).__name__}: {error}"[:MAX_ERROR]
