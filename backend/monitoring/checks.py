"""The checks: each looks at one thing and says what is wrong with it and what to type."""

import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.accounts.resealing import count_closed
from backend.clock import local_day
from backend.database.extensions import db
from backend.run_log import runs
from backend.units.catalogue import APPROXIMATE, read_active, serving

# PostgreSQL 15: the first whose unique constraints can take nulls for equal.
LEAST_POSTGRES = 150_000
# A phone's clock is corrected against ours: this much already moves tests over midnight.
CLOCK_S = 2.0
# A month of a province takes 1 GB; PostgreSQL stops when it cannot write its log.
LEAST_FREE_BYTES = 2_000_000_000
# The workers fold 20,000 in a second: more than this waits only where nobody folds.
MOST_WAITING = 50_000
# Backups are made daily; two hours of grace.
BACKUP_AGE = timedelta(hours=26)
BY_HAND = {
    "statistics": "flask coverage refresh",
    "tiles": "flask web tiles",
    "jobs": "flask jobs run",
    "expire": "flask privacy expire",
    "recount": "flask measurements recount",
    "digest": "flask coverage digest --unit CODE --send",
    "deadlines": "flask reports deadlines --send",
}
SECRETS = ("secret_key", "postgres-passwords.json", "withdrawn", "seal_key*", "archive/*")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what to do about it; a warning does not make the doctor's visit fail."""

    what: str
    remedy: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Patient:
    """What the checks look at: the settings, where migrations lie, and what time it is."""

    config: Mapping[str, Any]
    migrations: str
    now: datetime


Check = Callable[[Patient], Iterator[Finding]]


def configuration(patient: Patient) -> Iterator[Finding]:
    """Whether what is open to the network knows that it is."""
    config = patient.config
    bind = config["BIND"]
    if config["MODE"] != "production" and not (bind == "localhost" or ip_address(bind).is_loopback):
        yield Finding(
            f"MODE is development, and BIND={bind} lets the network in.",
            "Set MODE=production with OPERATOR_NAME and OPERATOR_CONTACT, or BIND=127.0.0.1.",
        )
    if config["MODE"] == "production" and not config["TRUSTED_PROXIES"]:
        yield Finding(
            "TRUSTED_PROXIES is 0: behind nginx all phones seem to have one address.",
            "Set TRUSTED_PROXIES=1 where one proxy stands in front.",
            warning=True,
        )


def database(patient: Patient) -> Iterator[Finding]:
    """Whether it answers, is young enough, and serves a role that may not do too much."""
    version = int(_one("show server_version_num"))
    if version < LEAST_POSTGRES:
        yield Finding(f"PostgreSQL {version // 10_000} is too old.", "Upgrade it to 15 or newer.")
    if _one("select has_table_privilege('audit', 'delete')"):
        yield Finding(
            "The serving role may delete from the audit log.",
            "Set DATABASE_URL to a role of its own (config/deploy/create-roles.sh), "
            "DATABASE_OWNER_URL to the one that owns the tables, and type: flask db upgrade",
        )


def migrations(patient: Patient) -> Iterator[Finding]:
    """Whether the tables are those that this code expects."""
    expected = ScriptDirectory(patient.migrations).get_current_head()
    found = _one("select version_num from alembic_version")
    if found != expected:
        yield Finding(
            f"The tables are at migration {found}, the code at {expected}.",
            "Type: flask db upgrade (scripts/serve does it at each start)",
        )


def boundaries(patient: Patient) -> Iterator[Finding]:
    """Whether today has polygons, and whether they are real ones."""
    active = serving(local_day(patient.now), read_active())
    if active is None:
        yield Finding("No boundary set serves today.", "Type: flask units setup")
    elif active.quality == APPROXIMATE:
        yield Finding(
            "Boundaries are approximate: samples near a border may be misplaced.",
            "Type: flask units fetch, or load your own: docs/operator.md, Boundaries",
            warning=True,
        )


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether this machine and the database agree on the time."""
    off = (_one("select clock_timestamp()") - patient.now).total_seconds()
    if abs(off) > CLOCK_S:
        yield Finding(
            f"The database's clock is {off:+.0f} s from this machine's.",
            "Let both keep the network's time: timedatectl set-ntp true",
        )


def disk(patient: Patient) -> Iterator[Finding]:
    """Whether there is room to go on."""
    for folder in {patient.config["VAR_DIR"], _backups(patient.config)}:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(nearest).free
        if free < LEAST_FREE_BYTES:
            yield Finding(
                f"Only {free / 1e9:.1f} GB are free at {folder}.",
                "Make room or move VAR_DIR; posts are refused, not lost, when it is full.",
            )


def folding(patient: Patient) -> Iterator[Finding]:
    """Whether counts follow what is posted."""
    for table in ("count_deltas", "team_deltas"):
        most = f"select count(*) from (select 1 from {table} limit {MOST_WAITING + 1}) waiting"  # noqa: S608
        if int(_one(most)) > MOST_WAITING:
            yield Finding(
                f"Over {MOST_WAITING} changes of counts wait in {table}: nobody folds them.",
                "Start the server, or type: flask measurements fold",
            )


def keys(patient: Patient) -> Iterator[Finding]:
    """Whether the installation's secrets are there, and closed to others."""
    var_dir = Path(patient.config["VAR_DIR"])
    for path in sorted(found for name in SECRETS for found in var_dir.glob(name)):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Finding(f"{path} can be read by others ({mode:o}).", f"Type: chmod 600 {path}")


def second_factors(patient: Patient) -> Iterator[Finding]:
    """Whether the key opens what it sealed."""
    if closed := count_closed(patient.config["SECRET_KEY"]):
        yield Finding(
            f"SECRET_KEY does not open {closed} second factors: these people cannot sign in.",
            "With the previous key in a file, type: flask accounts reseal < FILE; without it: "
            "flask accounts password-link NAME --remove-totp",
        )


def backups(patient: Patient) -> Iterator[Finding]:
    """Whether there is a recent backup."""
    at = latest_backup(patient.config)
    if at is None:
        yield Finding("There is no backup.", "Type: scripts/backup, and let a timer do it daily")
        return
    if patient.now - at > BACKUP_AGE:
        yield Finding(
            f"The latest backup is of {at:%Y-%m-%d %H:%M} UTC.",
            "Type: scripts/backup, and see why the timer did not: "
            "systemctl status dosong-backup.timer",
        )


def jobs(patient: Patient) -> Iterator[Finding]:
    """Whether the work beside the web server went well when it last ran."""
    for job, told in runs(Path(patient.config["VAR_DIR"])).items():
        if told["failing"]:
            times = f"{told['failing']} time{'s' if told['failing'] > 1 else ''}"
            yield Finding(
                f"The job {job} failed {times} and has not gone well since.",
                f"Type: {BY_HAND.get(job, 'see docs/runbook.md, JobFailing')}",
            )


CHECKS: tuple[Check, ...] = (
    configuration, database, migrations, boundaries, clock, disk, folding, keys, second_factors,
    backups, jobs,
)  # fmt: skip


def latest_backup(config: Mapping[str, Any]) -> datetime | None:
    """When the latest complete backup was made."""
    made = sorted(_backups(config).glob("dosong-*Z/manifest.json"))
    if not made:
        return None
    return datetime.strptime(made[-1].parent.name, "dosong-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _backups(config: Mapping[str, Any]) -> Path:
    return Path(config["BACKUP_DIR"] or config["VAR_DIR"] / "backups")


def look(check: Check, patient: Patient) -> list[Finding]:
    """Run one check; what it cannot look at is a finding too."""
    try:
        return list(check(patient))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return [
            Finding(
                f"The database cannot be asked: {reason}",
                "See that it runs and that DATABASE_URL is right; then flask db upgrade",
            )
        ]
    finally:
        db.session.remove()


def _one(statement: str) -> Any:
    return db.session.execute(text(statement)).scalar()
