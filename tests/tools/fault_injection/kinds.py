"""The ten kinds of fault. Each happens while phones post and ends when its function returns."""

import fcntl
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection, text

from backend.migrations.patience import patiently
from tests.tools.fault_injection.disk import filled
from tests.tools.fault_injection.site import REASSIGN, STATISTICS, Site
from tests.tools.phone_simulator.phone import Phone

KILLS, KILL_EVERY_S = 3, (0.1, 0.9)
STOPPED_S = 20.0
CUT_SHARE, CUT_S = 0.5, 4.0
FULL_S = (2.0, 4.0)
JUMPS = tuple(timedelta(minutes=minutes) for minutes in (-4_500, -600, -40, -3, 3, 40, 600, 4_500))
JUMP_EVERY_S = 1.0
# Migrations of tables that phones write to; the second reverts the first.
MIGRATIONS = (
    (
        "alter table measurements add column fault integer default 0 not null",
        "alter table devices add column fault integer default 0 not null",
        "create index fault on receipts (device_id)",
    ),
    (
        "drop index fault",
        "alter table devices drop column fault",
        "alter table measurements drop column fault",
    ),
)

Strike = Callable[[Site, random.Random, Sequence[Phone]], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: its label in the table, its action, and its target."""

    label: str
    strike: Strike
    proxied: bool = False  # the phones use the proxy
    small_disk: bool = False


def kill_worker(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Kill gunicorn workers one after another; their parent starts new ones."""
    for _ in range(KILLS):
        if workers := site.workers():
            with suppress(ProcessLookupError):
                os.kill(rng.choice(workers), signal.SIGKILL)
        time.sleep(rng.uniform(*KILL_EVERY_S))
    return ""


def kill_server(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Kill everything but the database, and start it again, as systemd does."""
    site.server.kill()
    time.sleep(rng.uniform(0.0, 1.0))
    site.server.start()
    return ""


def kill_database(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Kill PostgreSQL; `serve` starts it again, and it recovers from its log."""
    _signal_database(site, signal.SIGKILL)
    return ""


def stop_database(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Stop PostgreSQL cleanly; a lock keeps `serve` from starting it for some time."""
    with (site.server.var / "postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _signal_database(site, signal.SIGINT)
        time.sleep(STOPPED_S)
    return ""


def cut_connections(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Reset half of all connections, in the middle of a body or of an answer."""
    before = dict(site.proxy.cuts)
    site.proxy.rng, site.proxy.share = rng, CUT_SHARE
    time.sleep(CUT_S)
    site.proxy.share = 0.0
    cuts = {where: count - before[where] for where, count in site.proxy.cuts.items()}
    return f"{cuts['body']} bodies, {cuts['answer']} answers"


def fill_disk(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Fill the database's file system for some seconds."""
    assert site.disk is not None
    with filled(site.disk):
        time.sleep(rng.uniform(*FULL_S))
    return ""


def jump_clocks(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Change the phones' clocks by minutes or days, forward or back, several times."""
    for _ in range(3):
        for phone in phones:
            phone.clock.jump(rng.choice(JUMPS))
        time.sleep(JUMP_EVERY_S)
    return ""


def migrate(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Add columns and an index to tables that phones write to, and drop them."""
    engine = site.database(owner=True)
    for statements in MIGRATIONS:
        patiently(engine, partial(_run_all, statements))
        time.sleep(rng.uniform(0.2, 1.0))
    return ""


def kill_jobs(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Kill jobs of statistics and reassigning half-way."""
    jobs = [site.job(*STATISTICS), site.job(*REASSIGN)]
    caught = 0
    for job in jobs:
        time.sleep(rng.uniform(0.2, 0.6) * site.job_s)
        caught += job.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    return f"{caught} of 2 half-way"


def two_jobs(site: Site, rng: random.Random, phones: Sequence[Phone]) -> str:
    """Run two jobs at the same time; both must succeed."""
    first, second = rng.choice(((STATISTICS,) * 2, (REASSIGN,) * 2, (STATISTICS, REASSIGN)))
    jobs = [site.job(*first), site.job(*second)]
    failed = sum(job.wait() != 0 for job in jobs)
    if failed:
        raise RuntimeError(f"{failed} of two jobs at once failed: {first}, {second}")
    return ""


def _run_all(statements: Sequence[str], connection: Connection) -> None:
    for statement in statements:
        connection.execute(text(statement))


def _signal_database(site: Site, number: int) -> None:
    pid = site.server.database_pid()
    if pid is None:
        raise RuntimeError("the database does not run")
    os.kill(pid, number)


KINDS = {
    "worker": Kind(f"gunicorn workers killed -9, {KILLS} in a round", kill_worker),
    "server": Kind("whole server killed -9 and started again", kill_server),
    "database": Kind("PostgreSQL killed -9", kill_database),
    "stopped": Kind(f"PostgreSQL stopped for {STOPPED_S:.0f} s", stop_database),
    "cuts": Kind("connections cut in a body or an answer", cut_connections, proxied=True),
    "disk": Kind("disk of the database full", fill_disk, small_disk=True),
    "clock": Kind("clocks of phones jump", jump_clocks),
    "migration": Kind("tables migrated while phones post", migrate),
    "jobs": Kind("statistics and reassign killed half-way", kill_jobs),
    "two": Kind("two jobs at once", two_jobs),
}
