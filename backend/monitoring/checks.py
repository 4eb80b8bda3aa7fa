"""The checks: each looks at one thing and says what is wrong with it and what to type."""

import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.accounts.encryption import count_undecryptable
from backend.clock import local_day
from backend.database.extensions import db
from backend.i18n import formats
from backend.i18n.catalogues import N_, NN_, Plural, gettext, ngettext
from backend.i18n.languages import Language
from backend.run_log import runs
from backend.units.catalogue import APPROXIMATE, read_active, serving_set

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
    """What is wrong, and what to do about it; a warning does not make the doctor's visit fail.

    Both texts are English and have places for the values.
    """

    what: str | Plural  # by the value n
    remedy: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)
    warning: bool = False

    def written(self, language: Language) -> tuple[str, str]:
        """What is wrong and the remedy, in a language."""
        values = {name: _written(value, language) for name, value in self.values.items()}
        if isinstance(self.what, Plural):
            what = ngettext(*self.what, int(self.values["n"]), language)
        else:
            what = gettext(self.what, language)
        return what.format(**values), gettext(self.remedy, language).format(**values)


def _written(value: str | int | float, language: Language) -> str:
    return formats.number(value, language, 1) if isinstance(value, float) else str(value)


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
            N_("MODE is development, and BIND={bind} lets the network in."),
            N_("Set MODE=production with OPERATOR_NAME and OPERATOR_CONTACT, or BIND=127.0.0.1."),
            {"bind": bind},
        )
    if config["MODE"] == "production" and not config["TRUSTED_PROXIES"]:
        yield Finding(
            N_("TRUSTED_PROXIES is 0: behind nginx all phones seem to have one address."),
            N_("Set TRUSTED_PROXIES=1 if there is one proxy in front."),
            warning=True,
        )


def database(patient: Patient) -> Iterator[Finding]:
    """Whether it answers, is young enough, and serves a role that may not do too much."""
    version = int(_one("show server_version_num"))
    if version < LEAST_POSTGRES:
        yield Finding(
            N_("PostgreSQL {version} is too old."),
            N_("Upgrade it to 15 or newer."),
            {"version": version // 10_000},
        )
    if _one("select has_table_privilege('audit', 'delete')"):
        yield Finding(
            N_("The serving role may delete from the audit log."),
            N_(
                "Set DATABASE_URL to a role of its own (config/deploy/create-roles.sh), "
                "DATABASE_OWNER_URL to the one that owns the tables, and type: flask db upgrade"
            ),
        )


def migrations(patient: Patient) -> Iterator[Finding]:
    """Whether the tables are those that this code expects."""
    expected = ScriptDirectory(patient.migrations).get_current_head()
    found = _one("select version_num from alembic_version")
    if found != expected:
        yield Finding(
            N_("The tables are at migration {found}, the code at {expected}."),
            N_("Type: flask db upgrade (scripts/serve does it at each start)"),
            {"found": found, "expected": expected or ""},
        )


def boundaries(patient: Patient) -> Iterator[Finding]:
    """Whether today has polygons, and whether they are real ones."""
    active = serving_set(local_day(patient.now), read_active())
    if active is None:
        yield Finding(N_("No boundary set serves today."), N_("Type: flask units setup"))
    elif active.quality == APPROXIMATE:
        yield Finding(
            N_("Boundaries are approximate: samples near a border may be misplaced."),
            N_("Type: flask units fetch, or load your own: docs/operator.md, Boundaries"),
            warning=True,
        )


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether this machine and the database agree on the time."""
    off = (_one("select clock_timestamp()") - patient.now).total_seconds()
    if abs(off) > CLOCK_S:
        yield Finding(
            N_("The database's clock is {off} s from this machine's."),
            N_("Let both keep the network's time: timedatectl set-ntp true"),
            {"off": f"{off:+.0f}"},
        )


def disk(patient: Patient) -> Iterator[Finding]:
    """Whether there is room to go on."""
    for folder in {patient.config["VAR_DIR"], _backups(patient.config)}:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(nearest).free
        if free < LEAST_FREE_BYTES:
            yield Finding(
                N_("Only {free} GB are free at {folder}."),
                N_("Make room or move VAR_DIR; posts are refused, not lost, when it is full."),
                {"free": free / 1e9, "folder": str(folder)},
            )


def folding(patient: Patient) -> Iterator[Finding]:
    """Whether counts follow what is posted."""
    for table in ("count_deltas", "team_deltas"):
        most = f"select count(*) from (select 1 from {table} limit {MOST_WAITING + 1}) waiting"  # noqa: S608
        if int(_one(most)) > MOST_WAITING:
            yield Finding(
                N_("Over {most} changes of counts wait in {table}: no process folds them."),
                N_("Start the server, or type: flask measurements fold"),
                {"most": MOST_WAITING, "table": table},
            )


def keys(patient: Patient) -> Iterator[Finding]:
    """Whether the installation's secrets are there, and closed to others."""
    var_dir = Path(patient.config["VAR_DIR"])
    for path in sorted(found for name in SECRETS for found in var_dir.glob(name)):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Finding(
                N_("{path} can be read by others ({mode})."),
                N_("Type: chmod 600 {path}"),
                {"path": str(path), "mode": f"{mode:o}"},
            )


def second_factors(patient: Patient) -> Iterator[Finding]:
    """Whether the key opens what it sealed."""
    if closed := count_undecryptable(patient.config["SECRET_KEY"]):
        yield Finding(
            NN_(
                "SECRET_KEY does not open {n} second factor: this person cannot sign in.",
                "SECRET_KEY does not open {n} second factors: these people cannot sign in.",
            ),
            N_(
                "With the previous key in a file, type: flask accounts reseal < FILE; without it: "
                "flask accounts password-link NAME --remove-totp"
            ),
            {"n": closed},
        )


def backups(patient: Patient) -> Iterator[Finding]:
    """Whether there is a recent backup."""
    at = latest_backup(patient.config)
    if at is None:
        yield Finding(
            N_("There is no backup."), N_("Type: scripts/backup, and let a timer do it daily")
        )
        return
    if patient.now - at > BACKUP_AGE:
        yield Finding(
            N_("The latest backup is of {at} UTC."),
            N_(
                "Type: scripts/backup, and see why the timer did not: "
                "systemctl status dosong-backup.timer"
            ),
            {"at": f"{at:%Y-%m-%d %H:%M}"},
        )


def jobs(patient: Patient) -> Iterator[Finding]:
    """Whether the work beside the web server went well when it last ran."""
    for job, told in runs(Path(patient.config["VAR_DIR"])).items():
        if told["failing"]:
            by_hand = (
                N_("Type: {command}") if job in BY_HAND else N_("See docs/runbook.md, JobFailing")
            )
            yield Finding(
                NN_(
                    "The job {job} failed {n} time and has not gone well since.",
                    "The job {job} failed {n} times and has not gone well since.",
                ),
                by_hand,
                {"job": job, "n": told["failing"], "command": BY_HAND.get(job, "")},
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
                N_("The database does not answer: {reason}"),
                N_("See that it runs and that DATABASE_URL is right; then flask db upgrade"),
                {"reason": reason},
            )
        ]
    finally:
        db.session.remove()


def _one(statement: str) -> Any:
    return db.session.execute(text(statement)).scalar()
