"""The checks of `flask doctor`: each yields problems with their remedies."""

import os
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.accounts.audit_chain import is_overdue, read_chain
from backend.accounts.second_factor import count_undecryptable
from backend.accounts.sessions import locked_names
from backend.clock import VIETNAM, local_day
from backend.coverage.figures.public_counts import OVERDUE, last_run
from backend.coverage.signals.scans import count_overdue
from backend.database.extensions import db
from backend.database.migrations import latest_migration
from backend.errors import Problem
from backend.http.links import confirmed_hosts
from backend.i18n import formats
from backend.i18n.catalogues import N_, NN_, Language, Plural, gettext, ngettext
from backend.i18n.messages import message
from backend.measurements.privacy.retention import count_people
from backend.measurements.recording.requirements import required_now
from backend.oidc.browser import new_provider
from backend.oidc.roles import role_of
from backend.oidc.rules import RuleError, read_rules
from backend.reports.collector.service import list_sources
from backend.reports.monthly.seals import list_keys, sealed_audit_digests, trusted_keys
from backend.run_log import runs
from backend.units.catalogue import APPROXIMATE, read_active, serving_set
from backend.witness.hosts import registered, registered_host
from config import settings
from config import settings_file as settings_files
from config.settings import private_mode

# PostgreSQL 15: the first with `nulls not distinct` in unique constraints.
MIN_POSTGRES = 150_000
# Clocks of phones are corrected against ours: a larger error moves tests over midnight.
CLOCK_S = 2.0
# A month of a province takes 1 GB; PostgreSQL stops when it cannot write its log.
MIN_FREE_BYTES = 2_000_000_000
# Backups are made daily; two hours of grace.
BACKUP_AGE = timedelta(hours=26)
# A receiver that is away for a night is back in the morning.
WEBHOOK_FAILS = timedelta(days=1)
UNDELIVERED = text("""
    select id, disabled_at is not null as disabled from webhooks
    where case when disabled_at is null then failing_since < :before
        else disabled_reason <> 'by_admin' end
    order by id
""")
SECRETS = (
    "secret_key", "secrets.env", "backup_key", "postgres-passwords.json", "withdrawn", "seal_key*",
    "archive/*",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and its remedy; a warning does not change the exit status.

    Both texts are English with placeholders for the values.
    """

    what: str | Plural  # by the value n
    remedy: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)
    warning: bool = False
    command: str | None = None  # what to type on the server, with placeholders

    def command_line(self) -> str | None:
        """Return the command to copy, with its values."""
        values = dict(self.values)
        if "path" in values:
            values["path"] = shlex.quote(str(values["path"]))
        return self.command and self.command.format(**values)

    def translate(self, language: Language) -> tuple[str, str]:
        """Return problem and remedy in a language."""
        values = {
            name: formats.number(value, language, 1) if isinstance(value, float) else str(value)
            for name, value in self.values.items()
        }
        if isinstance(self.what, Plural):
            what = ngettext(*self.what, int(self.values["n"]), language)
        else:
            what = gettext(self.what, language)
        return what.format(**values), gettext(self.remedy, language).format(**values)


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The input of the checks: settings, folder of migrations, present time, how much to read."""

    config: Mapping[str, Any]
    migrations: str
    now: datetime
    audit_days: timedelta | None = None  # of the audit log to be compared; None: all


Check = Callable[[CheckContext], Iterator[Finding]]


def configuration(context: CheckContext) -> Iterator[Finding]:
    """Check that a server open to the network is configured for production."""
    config = context.config
    bind = config["BIND"]
    if config["MODE"] != "production" and not (bind == "localhost" or ip_address(bind).is_loopback):
        yield Finding(
            N_("MODE is development, and BIND={bind} lets the network in."),
            N_("Set MODE=production with OPERATOR_NAME and OPERATOR_CONTACT, or BIND=127.0.0.1."),
            {"bind": bind},
        )
    if config["MODE"] == "production" and not config["TRUSTED_PROXIES"]:
        yield Finding(
            N_(
                "TRUSTED_PROXIES is 0: slow clients can stop a server without a proxy, and behind "
                "one all phones seem to have one address."
            ),
            N_(
                "Put nginx in front with the files of config/deploy, and set TRUSTED_PROXIES=1: "
                "docs/operator.md"
            ),
        )
    if config["MODE"] == "production" and not config["PUBLIC_URL"]:
        yield Finding(
            N_(
                "PUBLIC_URL is not set: links begin with an address at which an admin signed in "
                "({hosts})."
            ),
            N_(
                "Set PUBLIC_URL to the address of this site, such as https://do.example.vn. An "
                "address that you do not know: remove its line from VAR_DIR/public_hosts."
            ),
            {"hosts": ", ".join(confirmed_hosts()) or "-"},
            warning=True,
        )


def database(context: CheckContext) -> Iterator[Finding]:
    """Check the version of the database and the rights of the serving role."""
    version = int(_one("show server_version_num"))
    if version < MIN_POSTGRES:
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
            command="scripts/flask db upgrade",
        )


def migrations(context: CheckContext) -> Iterator[Finding]:
    """Check that the tables are at the migration of this code."""
    expected = latest_migration(context.migrations)
    found = _one("select version_num from alembic_version")
    if found != expected:
        yield Finding(
            N_("The tables are at migration {found}, the code at {expected}."),
            N_("Type: flask db upgrade (scripts/serve does it at each start)"),
            {"found": found, "expected": expected},
            command="scripts/flask db upgrade",
        )


def boundaries(context: CheckContext) -> Iterator[Finding]:
    """Check that a boundary set serves today, and that it is not approximate."""
    active = serving_set(local_day(context.now), read_active())
    if active is None:
        yield Finding(
            N_("No boundary set serves today."),
            N_("Type: flask units setup"),
            command="scripts/flask units setup",
        )
    elif active.quality == APPROXIMATE:
        yield Finding(
            N_("Boundaries are approximate: samples near a border may be misplaced."),
            N_("Type: flask units fetch, or load your own: docs/operator.md, Boundaries"),
            warning=True,
            command="scripts/flask units fetch",
        )


def clock(context: CheckContext) -> Iterator[Finding]:
    """Check the clocks of this machine and of the database."""
    off = (_one("select clock_timestamp()") - context.now).total_seconds()
    if abs(off) > CLOCK_S:
        yield Finding(
            N_("The database's clock is {off} s from this machine's."),
            N_("Synchronise both clocks: timedatectl set-ntp true"),
            {"off": f"{off:+.0f}"},
            command="timedatectl set-ntp true",
        )


def disk(context: CheckContext) -> Iterator[Finding]:
    """Check the free disk space."""
    for folder in {context.config["VAR_DIR"], _backups(context.config)}:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(nearest).free
        if free < MIN_FREE_BYTES:
            yield Finding(
                N_("Only {free} GB are free at {folder}."),
                N_(
                    "Free some space or move VAR_DIR; when it is full, new "
                    "samples are refused, not lost."
                ),
                {"free": free / 1e9, "folder": str(folder)},
            )


def public_counts(context: CheckContext) -> Iterator[Finding]:
    """Check that the counts of communes that the public sees are those of the last hour."""
    last = last_run()
    if last is None or context.now - last > OVERDUE:
        yield Finding(
            N_("The public sees communes as they were at {at}."),
            N_("Start the server, or type: flask coverage copy-counts"),
            {"at": "–" if last is None else f"{last.astimezone(VIETNAM):%H:%M, %Y-%m-%d}"},
            warning=True,
            command="scripts/flask coverage copy-counts",
        )


# While samples with a witness arrive.
NETWORKS_UNKNOWN = text("""
    select not exists (select from carrier_networks)
        and exists (select from tickets where prefix is not null)
""")


def signals(context: CheckContext) -> Iterator[Finding]:
    """Check that provinces are searched for signals of gaming at night, with a list of networks."""
    if n := count_overdue(context.now):
        yield Finding(
            NN_(
                "{n} province has not been searched for signals of gaming for over a day.",
                "{n} provinces have not been searched for signals of gaming for over a day.",
            ),
            N_("Start the server, or type: flask signals find"),
            {"n": n},
            warning=True,
            command="scripts/flask signals find",
        )
    if db.session.scalar(NETWORKS_UNKNOWN):
        yield Finding(
            N_(
                "No list of the carriers' mobile networks is loaded: a farm on one network shows "
                "from 30 phones on instead of 10, and 12 phones on several networks do not show."
            ),
            N_("Ask the carriers for their networks: docs/signals.md"),
            warning=True,
            command="scripts/flask signals networks networks.csv",
        )


def settings_file(context: CheckContext) -> Iterator[Finding]:
    """Check that each setting stands in one place, and secrets in the file of secrets."""
    path = settings.settings_file(os.environ, context.config["VAR_DIR"])
    written = settings.read_files(path)
    hidden = sorted(
        name for name, value in written.items() if (os.environ.get(name) or value) != value
    )
    if hidden:
        yield Finding(
            N_("{names}: the environment has other values than {file}, and wins."),
            N_(
                "Remove them from where the server is started, such as /etc/dosong.env or .env, or "
                "from the file: scripts/settings NAME="
            ),
            {"names": ", ".join(hidden), "file": str(path)},
            warning=True,
        )
    if open_ones := sorted(settings.SECRETS & settings_files.read_file(path).keys()):
        yield Finding(
            N_("{names}: secrets stand among the settings in {file}."),
            N_("Type scripts/settings with their values: it moves them into secrets.env."),
            {"names": ", ".join(open_ones), "file": str(path)},
            warning=True,
        )


def keys(context: CheckContext) -> Iterator[Finding]:
    """Check that VAR_DIR is private, and files with secrets are readable by their owner only."""
    var_dir = Path(context.config["VAR_DIR"])
    folder = var_dir.stat()
    mode, most = stat.S_IMODE(folder.st_mode), private_mode(folder.st_uid)
    if mode & 0o077 & ~most:
        yield Finding(
            N_("The folder {path} is open to others ({mode})."),
            N_("Type: chmod {most} {path}"),
            {"path": str(var_dir), "mode": f"{mode:o}", "most": f"{most:o}"},
            warning=True,
            command="chmod {most} {path}",
        )
    for path in sorted(found for name in SECRETS for found in var_dir.glob(name)):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Finding(
                N_("{path} can be read by others ({mode})."),
                N_("Type: chmod 600 {path}"),
                {"path": str(path), "mode": f"{mode:o}"},
                command="chmod 600 {path}",
            )


def seal_keys(context: CheckContext) -> Iterator[Finding]:
    """Check that the keys of sealed reports are trusted."""
    for key in list_keys(trusted_keys(context.config))["items"]:
        if not (key["trusted"] or key["revoked_at"]):
            yield Finding(
                N_("Reports are sealed with key {number}, which this server does not trust."),
                N_(
                    "If the key was yours, set SEAL_KEYS={key} and restart; if not, somebody wrote "
                    "into the database: see docs/runbook.md, unknown seal key"
                ),
                {"number": key["number"], "key": key["public_key"]},
            )


def people(context: CheckContext) -> Iterator[Finding]:
    """Check that fewer people than a set number have stored positions."""
    n, most = count_people(), context.config["PEOPLE_WARNING"]
    if n >= most:
        yield Finding(
            N_("Positions of {n} people are stored; the number to be warned at is {most}."),
            N_(
                "Ask your lawyer what this number asks for: docs/privacy.vi.md. Shorter "
                "RETENTION_DAYS lower it."
            ),
            {"n": n, "most": most},
            warning=True,
        )


def audit_log(context: CheckContext) -> Iterator[Finding]:
    """Check that the audit log has the entries of its digests, and the digests that seals name."""
    chain = read_chain(context.now - context.audit_days if context.audit_days else None)
    broken = {link.day for link in chain if not link.fits}
    if context.audit_days is None:
        known = {(link.day, link.digest) for link in chain}
        broken |= {day for day, _ in sealed_audit_digests() - known}
    for day in sorted(broken):
        yield Finding(
            N_("Entries of the audit log of {day} were changed, added or removed."),
            N_("Somebody wrote into the database: see docs/runbook.md, changed audit log"),
            {"day": day},
        )
    if is_overdue(context.now):
        yield Finding(
            N_("The audit log has no digest of yesterday."),
            N_("Start the server, or type: flask audit digest"),
            warning=True,
            command="scripts/flask audit digest",
        )


def second_factors(context: CheckContext) -> Iterator[Finding]:
    """Check that SECRET_KEY decrypts the second factors."""
    if failed := count_undecryptable():
        yield Finding(
            NN_(
                "SECRET_KEY cannot decrypt {n} second factor: this person cannot sign in.",
                "SECRET_KEY cannot decrypt {n} second factors: these people cannot sign in.",
            ),
            N_(
                "With the previous key in a file, type: flask accounts reseal < FILE; without it: "
                "flask accounts password-link NAME --remove-totp"
            ),
            {"n": failed},
            command="scripts/flask accounts reseal < FILE",
        )


def sign_ins(context: CheckContext) -> Iterator[Finding]:
    """Check whether wrong passwords locked an account within the last day."""
    for name in locked_names(context.now):
        yield Finding(
            N_("Over 100 wrong sign-ins in an hour locked the account {name} for new browsers."),
            N_(
                "It opened again with the hour; in browsers where the person signed in within 30 "
                "days it was open. Tell the person, and advise a second factor."
            ),
            {"name": name},
            warning=True,
        )


def counting(context: CheckContext) -> Iterator[Finding]:
    """Check that samples need the confirmation of a measuring host, and that phones can get it."""
    counts_from = required_now(context.now)
    preferred = context.config["SPEED_URL"]
    proven = any(
        host["url"] == preferred and (host["signs"] or counts_from != "witnessed")
        for host in registered(context.config)
    )
    if preferred and counts_from != "claimed" and not proven:
        yield Finding(
            N_("Samples count from {counts_from}, which tests at {url} (SPEED_URL) are not."),
            N_(
                "Register the host: flask hosts add NAME {url} --key KEY (docs/measuring.md), or "
                "type: flask measurements counts-from"
            ),
            {"counts_from": counts_from, "url": preferred},
            warning=True,
            command="scripts/flask hosts add NAME {url} --key KEY",
        )
    rtr = context.config["OPEN_RMBT_URL"]
    if rtr and registered_host(rtr) is None:
        yield Finding(
            N_("{url} (OPEN_RMBT_URL) is not registered: RTR-NetTest gets no test."),
            N_("Register the host without a key: flask hosts add NAME {url} (docs/other-apps.md)"),
            {"url": rtr},
            warning=True,
            command="scripts/flask hosts add NAME {url}",
        )
    if counts_from == "claimed":
        yield Finding(
            N_("Samples count without confirmation by a measuring host: a script can claim them."),
            N_(
                "When phones measure with tickets, type: "
                "flask measurements counts-from witnessed --reason …"
            ),
            warning=True,
            command='scripts/flask measurements counts-from witnessed --reason "…"',
        )


def measuring_hosts(context: CheckContext) -> Iterator[Finding]:
    """Check that other measuring hosts answer and sign, as the server has found."""
    for host in registered(context.config):
        if host["down"] and host["failed_since"]:
            since = host["failed_since"].astimezone(VIETNAM)
            yield Finding(
                N_("The measuring host {name} ({url}) has been down since {at}: {problem}."),
                N_("Phones take another one. See docs/measuring.md; then type: flask hosts check"),
                {
                    "name": host["name"],
                    "url": host["url"] or "",
                    "at": f"{since:%H:%M, %Y-%m-%d}",
                    "problem": host["problem"] or "",
                },
                warning=True,
                command="scripts/flask hosts check",
            )


def backups(context: CheckContext) -> Iterator[Finding]:
    """Check the age of the latest backup."""
    at = latest_backup(context.config)
    if at is None:
        yield Finding(
            N_("There is no backup."),
            N_("Type: scripts/backup, and let a timer do it daily"),
            command="scripts/backup",
        )
        return
    if context.now - at > BACKUP_AGE:
        yield Finding(
            N_("The latest backup is of {at} UTC."),
            N_(
                "Type: scripts/backup, and see why the timer did not: "
                "systemctl status dosong-backup.timer"
            ),
            {"at": f"{at:%Y-%m-%d %H:%M}"},
            command="scripts/backup",
        )


def jobs(context: CheckContext) -> Iterator[Finding]:
    """Check the last runs of background commands."""
    for job, result in runs(Path(context.config["VAR_DIR"])).items():
        if result["failing"]:
            yield Finding(
                NN_(
                    "The job {job} failed {n} time and has not succeeded since.",
                    "The job {job} failed {n} times and has not succeeded since.",
                ),
                N_("Type: {command}, and see docs/runbook.md, JobFailing"),
                {"job": job, "n": result["failing"], "command": result["command"]},
                command="scripts/{command}",
            )


def office_sign_in(context: CheckContext) -> Iterator[Finding]:
    """Check the OpenID provider and the rules that give its accounts roles."""
    config, provider = context.config, new_provider(context.config)
    if provider is None:
        return
    if config["MODE"] == "production" and not provider.issuer.startswith("https://"):
        yield Finding(
            N_("OIDC_ISSUER is not https: anybody on the way could sign in as anybody."),
            N_("Set OIDC_ISSUER to the https:// address of the provider."),
        )
    if (problem := provider.check()) is not None:
        yield Finding(
            N_("The provider {issuer} cannot be used: {problem}. People sign in with passwords."),
            N_("Open {issuer}/.well-known/openid-configuration on this machine: docs/operator.md"),
            {"issuer": provider.issuer.rstrip("/"), "problem": problem},
            warning=True,
            command="curl {issuer}/.well-known/openid-configuration",
        )
    yield from _rules(context)


def _rules(context: CheckContext) -> Iterator[Finding]:
    path = context.config["OIDC_RULES"]
    if path is None:
        yield Finding(
            N_("OIDC_RULES is not set: the provider's accounts sign in only once they are linked."),
            N_("Write the rules: docs/operator.md, Sign-in with the office's accounts"),
            warning=True,
        )
    try:
        rules = read_rules(path)
    except RuleError as error:
        yield Finding(
            N_("The rules of OIDC_RULES cannot be read: {error}. Nobody signs in by the provider."),
            N_("Correct the file: docs/operator.md, Sign-in with the office's accounts"),
            {"error": str(error)},
        )
        return
    for rule in rules:
        try:
            role_of(rule, context.now)
        except Problem as problem:
            code = problem.errors[0].code if problem.errors else problem.code
            yield Finding(
                N_("The rule “{rule}” gives no role: {reason}"),
                N_("Correct what the rule is over, in the file of OIDC_RULES."),
                {"rule": rule.name, "reason": message(code, "en")},
            )


def webhooks(context: CheckContext) -> Iterator[Finding]:
    """Check that webhooks are delivered; one that an admin disabled is no problem."""
    before = {"before": context.now - WEBHOOK_FAILS}
    for row in db.session.execute(UNDELIVERED, before):
        yield Finding(
            N_("Webhook {id} was disabled: its receiver failed for days, or events were deleted.")
            if row.disabled
            else N_("Webhook {id} has delivered nothing for over a day."),
            N_("See /admin/webhooks/{id}"),
            {"id": row.id},
            warning=True,
        )


def report_sources(context: CheckContext) -> Iterator[Finding]:
    """Check that the sources of sealed reports answer, and with what they should."""
    for source in list_sources():
        if source.problem and source.failed_since:
            yield Finding(
                N_("The source of reports of {name} has failed since {at}: {problem}"),
                N_("See docs/collector.md; then type: flask reports sources collect"),
                {
                    "name": source.name,
                    "at": f"{source.failed_since.astimezone(VIETNAM):%H:%M, %Y-%m-%d}",
                    "problem": message(source.problem, "en"),
                },
                warning=True,
                command="scripts/flask reports sources collect --any-day",
            )


CHECKS: tuple[Check, ...] = (
    configuration, database, migrations, boundaries, clock, disk, public_counts, signals,
    settings_file, keys, seal_keys, people, audit_log, second_factors, sign_ins, counting,
    measuring_hosts, office_sign_in, backups, jobs, webhooks, report_sources,
)  # fmt: skip


def latest_backup(config: Mapping[str, Any]) -> datetime | None:
    """Return the time of the latest complete backup."""
    made = sorted(_backups(config).glob("dosong-*Z/manifest.json"))
    if not made:
        return None
    return datetime.strptime(made[-1].parent.name, "dosong-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _backups(config: Mapping[str, Any]) -> Path:
    return Path(config["BACKUP_DIR"] or config["VAR_DIR"] / "backups")


def run_check(check: Check, context: CheckContext) -> list[Finding]:
    """Run a check; a database error is a finding too."""
    try:
        return list(check(context))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return [
            Finding(
                N_("The database does not answer: {reason}"),
                N_(
                    "Check that it is running and that DATABASE_URL is correct; "
                    "then flask db upgrade"
                ),
                {"reason": reason},
            )
        ]
    finally:
        db.session.remove()


def _one(statement: str) -> Any:
    return db.session.execute(text(statement)).scalar()
