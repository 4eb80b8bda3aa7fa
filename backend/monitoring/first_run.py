"""The steps of a new installation, each read from its real state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select

from backend.accounts.models import Role
from backend.accounts.users import in_force
from backend.clock import local_day
from backend.database.extensions import db
from backend.monitoring.checks import latest_backup
from backend.units.catalogue import APPROXIMATE, read_active, serving_set


@dataclass(frozen=True, slots=True)
class Step:
    """A step by its name, whether it is done, and what to type where that is on the server."""

    name: str
    done: bool
    command: str | None = None


def first_run(config: Mapping[str, Any], now: datetime, *, encrypted: bool) -> list[Step]:
    """Return the steps in their order; `encrypted`: whether this request came by HTTPS."""
    serving = serving_set(local_day(now), read_active())
    named = bool(config["OPERATOR_NAME"] and config["OPERATOR_CONTACT"])
    https = str(config["PUBLIC_URL"] or "").startswith("https://") and encrypted
    official = select(exists().where(Role.role == "official", in_force(now)))
    return [
        Step("operator", named, 'OPERATOR_NAME="…" OPERATOR_CONTACT="…"'),
        Step("tls", https, "PUBLIC_URL=https://…"),
        Step("mail", bool(config["SMTP_HOST"] and config["MAIL_FROM"]), "SMTP_HOST=… MAIL_FROM=…"),
        Step(
            "backup",
            latest_backup(config) is not None,
            "systemctl enable --now dosong-backup.timer",
        ),
        Step("boundaries", serving is not None and serving.quality != APPROXIMATE),
        Step("official", bool(db.session.scalar(official))),
    ]
