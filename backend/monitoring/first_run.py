"""The steps of a new installation, each read from its real state, for the way it was started."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import exists, select

from backend.accounts.models import Role
from backend.accounts.users import in_force
from backend.clock import local_day
from backend.database.extensions import db
from backend.monitoring.checks import latest_backup
from backend.units.catalogue import APPROXIMATE, read_active, serving_set

# Files of container engines, at the root of each container.
CONTAINER_FILES = (Path("/.dockerenv"), Path("/run/.containerenv"))
# What runs one of the app's commands, by the way the server was started.
FLASK = {
    "serve": "scripts/flask",
    "systemd": "scripts/flask",
    "compose": "docker compose exec app python -m flask",
}
BACKUP = {
    "serve": "scripts/backup",
    "systemd": "systemctl enable --now dosong-backup.timer",
    "compose": "docker compose exec app python -m backend.server.backup make",
}
SETTINGS = {
    "serve": "scripts/settings",
    "systemd": "VAR_DIR={var_dir} scripts/settings",
    "compose": "docker compose exec app python -m backend.server.running.settings_command",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step by its name, whether it is done, and what to type where that is on the server."""

    name: str
    done: bool
    command: str | None = None


def started_by(environment: Mapping[str, str] = os.environ) -> str:
    """Return the way this server was started: by `scripts/serve`, by systemd or by compose."""
    if any(path.exists() for path in CONTAINER_FILES):
        return "compose"
    return "systemd" if "INVOCATION_ID" in environment else "serve"


def first_admin_command(now: datetime) -> str | None:
    """Return what makes the first admin; None on a server that has one."""
    admin = select(exists().where(Role.role == "admin", in_force(now)))
    if db.session.scalar(admin):
        return None
    return f"{FLASK[started_by()]} accounts create-admin ban@coquan.gov.vn"


def first_run(config: Mapping[str, Any], now: datetime, *, encrypted: bool) -> list[Step]:
    """Return the steps in their order; `encrypted`: whether this request came by HTTPS."""
    serving = serving_set(local_day(now), read_active())
    named = bool(config["OPERATOR_NAME"] and config["OPERATOR_CONTACT"])
    https = str(config["PUBLIC_URL"] or "").startswith("https://") and encrypted
    mails = bool(config["SMTP_HOST"] and config["MAIL_FROM"])
    set_ = partial(settings_command, config["VAR_DIR"])
    official = select(exists().where(Role.role == "official", in_force(now)))
    return [
        Step("operator", named, set_('OPERATOR_NAME="…"', 'OPERATOR_CONTACT="…"')),
        Step("tls", https, set_("PUBLIC_URL=https://…")),
        Step("mail", mails, set_("SMTP_HOST=…", "MAIL_FROM=…")),
        Step("backup", latest_backup(config) is not None, BACKUP[started_by()]),
        Step("boundaries", serving is not None and serving.quality != APPROXIMATE),
        Step("official", bool(db.session.scalar(official))),
    ]


def settings_command(var_dir: Path, *settings: str) -> str:
    """Return the command that writes settings into the file which this server reads."""
    command = SETTINGS[started_by()].format(var_dir=shlex.quote(str(var_dir)))
    return " ".join((command, *settings))
