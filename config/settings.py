"""The settings of the application, read once; invalid values stop the start.

From the file of settings, VAR_DIR/settings.env, and the environment, which wins.
"""

import contextlib
import difflib
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

from config import settings_file as settings_files

# The largest age of a sample: backend.measurements.recording.rules.MAX_AGE.
ARRIVAL_DAYS = 60
# A shorter key can be found from one digest, and with it every code and second factor of a dump.
MIN_KEY_BYTES = 32


class SettingError(ValueError):
    """A setting has an invalid value; the message names it."""


def text(value: str) -> str:
    return value.strip()


def between(least: int, most: int) -> Callable[[str], int]:
    """Return the parser of whole numbers of a range."""

    def parse(value: str) -> int:
        if not least <= int(value) <= most:
            raise ValueError(f"must be {least} to {most}")
        return int(value)

    return parse


def one_of(*names: str) -> Callable[[str], str]:
    """Return the parser of one of these names."""

    def parse(value: str) -> str:
        if value.strip() not in names:
            raise ValueError(f"must be {' or '.join(names)}")
        return value.strip()

    return parse


def scopes(value: str) -> tuple[str, ...]:
    if "openid" not in value.split():
        raise ValueError("must have openid")
    return tuple(value.split())


def whole(value: str) -> int:
    if int(value) < 0:
        raise ValueError("must not be negative")
    return int(value)


def after_arrival(value: str) -> int:
    if int(value) <= ARRIVAL_DAYS:
        raise ValueError(f"must be over {ARRIVAL_DAYS}: until then samples of a day still arrive")
    return int(value)


def flag(value: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.strip().lower() not in words:
        raise ValueError("must be one of true, false")
    return words[value.strip().lower()]


def folder(value: str) -> Path:
    return Path(value).expanduser().absolute()


def existing_folder(value: str) -> Path:
    path = folder(value)
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    return path


def existing_file(value: str) -> Path:
    path = folder(value)
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    return path


def addresses(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one) for one in addresses(value))


def public_keys(value: str) -> tuple[bytes, ...]:
    keys = addresses(value)
    if any(re.fullmatch(r"[0-9a-f]{64}", key) is None for key in keys):
        raise ValueError("must be keys of 64 hexadecimal digits, separated by commas")
    return tuple(bytes.fromhex(key) for key in keys)


def web_address(value: str) -> str:
    if not value.strip().startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return value.strip()


def origin(value: str) -> str:
    """Accept the URL of a host without a path, as in a Content-Security-Policy."""
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?/?", value.strip()):
        raise ValueError("must be like https://do.example.vn")
    return value.strip().rstrip("/")


def database(value: str) -> str:
    """Accept the usual forms (postgres://…) and add the driver."""
    for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    raise ValueError("must be a postgresql:// address")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: environment variable, parser, default, meaning."""

    name: str
    read: Callable[[str], Any]
    default: Any
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting("MODE", one_of("development", "production"), "development", "development or production; production refuses to start without OPERATOR_NAME and OPERATOR_CONTACT"),
    Setting("VAR_DIR", folder, Path("var").absolute(), "where the embedded database, caches and generated keys live"),
    Setting("SETTINGS_FILE", folder, None, "file of the settings below, written by scripts/settings; secrets are in secrets.env beside it. Default: VAR_DIR/settings.env. These two, VAR_DIR and MODE under systemd and in containers, come from the environment, which wins over the file"),
    Setting("DATABASE_URL", database, None, "PostgreSQL 15 or newer, by the serving role; without it ./scripts/serve starts an embedded one"),
    Setting("DATABASE_OWNER_URL", database, None, "the same database by the role that owns the tables and migrates; default: DATABASE_URL"),
    Setting("DATABASE_PREPARED", flag, True, "use prepared statements; false behind a pooler without support, such as PgBouncer before 1.21"),
    Setting("SECRET_KEY", text, None, "key of digests and sessions; default: generated at first start into VAR_DIR/secret_key, mode 0600. Production refuses fewer than 32 bytes"),
    Setting("SEAL_KEYS", public_keys, (), "former public keys of report seals that stay valid, in hexadecimal, separated by commas; the present one (VAR_DIR/seal_key) need not be listed. `flask reports keys` shows them"),
    Setting("BOUNDARIES_DIR", existing_folder, None, "folder with a sets.toml; its boundary sets are loaded and activated at start"),
    Setting("BACKUP_DIR", folder, None, "where scripts/backup writes and `flask doctor` looks; on another file system also the list of withdrawals (docs/operator.md, When the machine is lost). Default: VAR_DIR/backups"),
    Setting("BIND", text, "127.0.0.1", "address that the server listens on"),
    Setting("PORT", whole, 8000, "port that the server listens on"),
    Setting("WEB_CONCURRENCY", whole, 4, "gunicorn worker processes"),
    Setting("SPEED_AT_ONCE", whole, 8, "number of parallel speed-test transfers, shared by the web processes or in a process of its own (SPEED_PORT)"),
    Setting("SPEED_PORT", whole, 0, "port of a separate process for /do/down and /do/up of the speed test, behind a proxy; 0: the web processes serve them"),
    Setting("SPEED_URL", origin, "", "https:// address of another host that serves /do/down and /do/up; default: this one"),
    Setting("HOST_ID", UUID, None, "id of this measuring host at another installation, printed there by `flask hosts add`; default: the own host of this installation"),
    Setting("TICKET_KEYS", public_keys, (), "public keys of other installations whose tickets this measuring host accepts, separated by commas; printed there by `flask hosts keys`"),
    Setting("PUBLIC_URL", origin, "", "https:// address under which people reach this installation; links in mails, invitations, posters and answers begin with it, whatever Host a request names. Default: the addresses at which an admin signed in or gave the password again, in VAR_DIR/public_hosts, elsewhere the first of them; `flask doctor` names them in production"),
    Setting("TRUSTED_PROXIES", whole, 0, "number of proxies in front that set X-Forwarded-For and X-Request-Start; 0: the headers are ignored. Production needs one: config/deploy/nginx*.conf"),
    Setting("REGISTRATIONS_PER_HOUR", whole, 1_000, "new devices per client address and hour; enough for five teams of 200 phones behind one carrier address. Those that bring a team's join code are counted on it, 2,000 an hour"),
    Setting("MEASUREMENTS_PER_HOUR", whole, 6_000, "measurements that one device may send in an hour; a phone back from two weeks offline sends 12 batches of 500"),
    Setting("COUNT_MANUAL", flag, False, "count results entered by hand (source: manual), where samples count from `claimed`; those of i-Speed never do"),
    Setting("DAILY_CAP", between(1, 400), 100, "most samples of one device that count on one day: a test every five minutes for eight hours; the fullest day of a volunteer of the demo has 33. After a change: `flask measurements rejudge`"),
    Setting("COMMUNE_CAP", between(1, 10_000), 150, "most samples of one device that count in one commune, month and network: half of 300, so that no phone alone brings a commune to its target. After a change: `flask measurements rejudge`"),
    Setting("PUBLISH", one_of("live", "after_approval"), "live", "live or after_approval: figures are public at once, or those of a province and month after the approval of its report"),
    Setting("SECOND_FACTOR", one_of("provinces", "all", "admins"), "provinces", "whose role needs a second factor beside admins': provinces (officials of provinces and of clusters of more than 20 communes), all (officials and organisers) or admins (nobody else). Accounts of the demo and those without a password here, which sign in at OIDC_ISSUER, need none"),
    Setting("MINIMUM_N", whole, 30, "smallest effective number of samples for medians, means and percentiles (docs/speeds.md); VNNIC's Atlas assesses localities from 30 a month. After a change: `flask coverage refresh --all`"),
    Setting("PUBLISH_ISPEED", flag, False, "show everybody how our speeds relate to i-Speed's (docs/vnnic.md); otherwise officials alone"),
    Setting("ISPEED_URL", web_address, "https://i-speed.vn", "where the measuring page sends people who run VNNIC's i-Speed too"),
    Setting("SMTP_HOST", text, "", "mail server for one-time links and `flask coverage digest`; without it no mail is sent"),
    Setting("SMTP_PORT", whole, 587, "its port"),
    Setting("SMTP_TLS", flag, True, "use STARTTLS, as required on port 587"),
    Setting("SMTP_USER", text, "", "user name at the mail server, if required"),
    Setting("SMTP_PASSWORD", text, "", "its password"),
    Setting("MAIL_FROM", text, "dosong@localhost", "sender of these mails"),
    Setting("DIGEST_TO", addresses, (), "recipients of the daily digest by mail, separated by commas"),
    Setting("DIGEST_WEBHOOK", web_address, "", "http(s) address that the daily digest is posted to as JSON"),
    Setting("OPERATOR_NAME", text, "", "operator of this installation, named in the consent text"),
    Setting("OPERATOR_CONTACT", text, "", "contact of the operator, named in the consent text"),
    Setting("COARSEN_AFTER_DAYS", after_arrival, 90, "days after which `flask privacy expire` rounds positions to three decimals (111 m) and deletes the stored bodies; more than 60, the largest age of a sample"),
    Setting("RETENTION_DAYS", after_arrival, 365, "days after which `flask privacy expire` keeps only the commune of a position, at least COARSEN_AFTER_DAYS; named in the consent text"),
    Setting("PEOPLE_WARNING", whole, 8_000, "number of people with stored positions from which `flask doctor` and /admin warn (docs/privacy.vi.md)"),
    Setting("WEBHOOK_NETWORKS", networks, (), "networks such as 10.0.0.0/8 that webhooks may be sent to beside public addresses, by http:// too, and in which sources of reports may be, separated by commas"),
    Setting("OIDC_ISSUER", web_address, "", "address of an OpenID provider with whose accounts people sign in; without it they have passwords only. See docs/operator.md, Sign-in with the office's accounts"),
    Setting("OIDC_CLIENT_ID", text, "", "name of this installation at the provider; required with OIDC_ISSUER"),
    Setting("OIDC_CLIENT_SECRET", text, "", "its secret; empty for a public client, which is protected by PKCE alone"),
    Setting("OIDC_SCOPES", scopes, (), "scopes that are asked for, separated by spaces, openid among them; default: openid profile email, and groups where the provider offers it"),
    Setting("OIDC_NAME", text, "", "what the button on the sign-in page says, such as the name of the province's account"),
    Setting("OIDC_RULES", existing_file, None, "TOML file with the rules that give roles by claims of the provider; without it a person signs in only after linking an account"),
    Setting("OPEN_RMBT_URL", origin, "", "address of an Open-RMBT measuring server that the app RTR-NetTest measures against, registered by `flask hosts add` without a key; without it the app is refused. The app reaches this installation at port 443 alone. See docs/other-apps.md"),
    Setting("OPEN_RMBT_KEY", text, "", "the secret of that server, which signs the tokens of tests; required with OPEN_RMBT_URL"),
)  # fmt: skip

# They are written into the file of secrets.
SECRETS = frozenset(
    {
        "DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEY", "SMTP_PASSWORD", "OIDC_CLIENT_SECRET",
        "OPEN_RMBT_KEY",
    }
)  # fmt: skip
# Where the file is cannot stand in it.
NOT_IN_FILE = frozenset({"VAR_DIR", "SETTINGS_FILE"})

# Settings of earlier versions: what they are now, the same for everybody.
FORMER: Mapping[str, str] = {
    "ARCHIVE_DIR": "VAR_DIR/archive",
    "BOUNDARIES_URL": "https://codeload.github.com",
    "CELL_RESOLUTION": "8",
    "DATABASE_POOL": "8",
    "DATABASE_TIMEOUT_S": "3",
    "EVENTS_DAYS": "120",
    "LOG_LEVEL": "INFO",
    "MAX_BODY_BYTES": "4000000",
    "ODATA_PER_HOUR": "1200",
    "REACHED_IS": ">=",
    "SAMPLE_DECIMALS": "3",
    "SET_CPU_S": "600",
    "SET_MEMORY_MB": "4000",
    "SPEED_GB_PER_HOUR": "40",
    "WEB_THREADS": "4",
}


def read(environ: Mapping[str, str] | None = None, **overrides: Any) -> dict[str, Any]:
    """Read all settings; SettingError for the first invalid one."""
    given = os.environ if environ is None else environ
    return evaluate(_with_files(given, overrides.get("VAR_DIR")), **overrides)


def evaluate(source: Mapping[str, str], **overrides: Any) -> dict[str, Any]:
    """Return all settings by what is written of them; SettingError for the first invalid one."""
    values = {setting.name: _value(setting, source) for setting in SETTINGS}
    values.update(overrides)
    _check_former(source, values["VAR_DIR"])
    values["DATABASE_OWNER_URL"] = values["DATABASE_OWNER_URL"] or values["DATABASE_URL"]
    values["SECRET_KEY"] = values["SECRET_KEY"] or generated_key(values["VAR_DIR"] / "secret_key")
    _check_production(values)
    if values["OIDC_ISSUER"] and not values["OIDC_CLIENT_ID"]:
        raise SettingError("OIDC_CLIENT_ID is required with OIDC_ISSUER")
    if values["OPEN_RMBT_URL"] and not values["OPEN_RMBT_KEY"]:
        raise SettingError("OPEN_RMBT_KEY is required with OPEN_RMBT_URL")
    if values["RETENTION_DAYS"] < values["COARSEN_AFTER_DAYS"]:
        raise SettingError(
            "RETENTION_DAYS is less than COARSEN_AFTER_DAYS: bodies would stay longer than positions"
        )
    return values


def settings_file(environ: Mapping[str, str], folder: Path | None = None) -> Path:
    """Return the path of the file of settings, which need not exist."""
    given = environ.get("SETTINGS_FILE")
    return Path(given) if given else (folder or var_dir(environ)) / settings_files.SETTINGS


def secrets_file(path: Path) -> Path:
    """Return the path of the file of secrets beside that of settings."""
    return path.with_name(settings_files.SECRETS)


def read_files(path: Path) -> dict[str, str]:
    """Return what the files of settings and secrets say; SettingError for an unknown name."""
    values: dict[str, str] = {}
    for file in (path, secrets_file(path)):
        try:
            found = settings_files.read_file(file)
        except (settings_files.FileError, OSError, UnicodeDecodeError) as error:
            raise SettingError(str(error)) from error
        for name in found:
            require_known(name, str(file))
        values |= found
    return values


def require_known(name: str, where: str) -> None:
    """Raise SettingError for a name that is no setting of a file."""
    known = {setting.name for setting in SETTINGS} - NOT_IN_FILE
    if name in known or name in FORMER:
        return
    near = difflib.get_close_matches(name, known, 1)
    hint = f": do you mean {near[0]}?" if near else ""
    raise SettingError(f"{name} in {where} is no setting of the file{hint}")


def _with_files(environ: Mapping[str, str], folder: Path | None) -> Mapping[str, str]:
    """Return the values of the files and of the environment, which wins."""
    written = read_files(settings_file(environ, folder))
    return {**written, **{name: value for name, value in environ.items() if value}}


def var_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Read VAR_DIR only: reading all settings may generate a key."""
    [setting] = [one for one in SETTINGS if one.name == "VAR_DIR"]
    found: Path = _value(setting, os.environ if environ is None else environ)
    return found


def _value(setting: Setting, environ: Mapping[str, str]) -> Any:
    given = environ.get(setting.name, "")
    if not given:
        return setting.default
    try:
        return setting.read(given)
    except ValueError as error:
        shown = "" if setting.read is database else f"={given!r}"  # a URL contains a password
        raise SettingError(f"{setting.name}{shown}: {error}") from error


def _check_former(environ: Mapping[str, str], var_dir: Path) -> None:
    """Warn of a former setting with another value than everybody has now."""
    for name, fixed in FORMER.items():
        given = environ.get(name, "").strip()
        if given and given not in (fixed, fixed.replace("VAR_DIR", str(var_dir))):
            print(
                f"Warning: {name} is no longer a setting, it is always {fixed}. Remove it from the "
                "environment: docs/operator.md, Settings that are fixed",
                file=sys.stderr,
            )


def _check_production(values: Mapping[str, Any]) -> None:
    if values["MODE"] != "production":
        return
    for name in ("OPERATOR_NAME", "OPERATOR_CONTACT"):
        if not values[name]:
            raise SettingError(f"{name} is required in production: the consent text names it")
    if len(values["SECRET_KEY"].encode()) < MIN_KEY_BYTES:
        raise SettingError(
            f"SECRET_KEY has fewer than {MIN_KEY_BYTES} bytes, which production refuses. Make "
            "one: openssl rand -hex 32, and see docs/operator.md, Change the key"
        )


def private_mode(uid: int | None = None) -> int:
    """Return the mode of a private folder, by default of one of ours.

    Others may traverse root's folder, without listing it, to the embedded database in it, which
    does not run as root.
    """
    return 0o711 if (os.geteuid() if uid is None else uid) == 0 else 0o700


def make_private(path: Path) -> None:
    """Create VAR_DIR for its owner alone; the mode of an existing folder does not change."""
    path.mkdir(mode=private_mode(), parents=True, exist_ok=True)


def generated_key(path: Path) -> str:
    """Return the key of the installation, generated at first use, readable by its owner only."""
    if not path.exists():
        make_private(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
        # Atomic: of two processes that start at once, both use the key of the first.
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
        Path(name).unlink()
    return path.read_text().strip()
