"""Mails to officials and their deputies three days before a delegation ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from backend.accounts.audit import record_command
from backend.accounts.models import AuditEntry, Role, User
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.mail import compose, send_all

BEFORE = timedelta(days=3)
SUBJECT = "Đo Sóng: ủy quyền sắp hết hạn / a delegation ends soon"
TEXT = """\
{official} ủy quyền địa bàn cho {deputy} đến {until} (giờ Việt Nam). Người ủy quyền gia hạn thêm 30
ngày ở trang này bằng một lần bấm; không làm gì thì ủy quyền tự hết:

{page}

{official} delegates an area to {deputy} until {until} (Vietnam time). On this page the delegating
official renews it for 30 days with one press; otherwise it ends by itself.
"""


def remind_of_deputies(base: str, settings: Mapping[str, Any], now: datetime) -> int:
    """Mail both people of each delegation that ends within three days, once; count the mails."""
    lent, deputy, official = aliased(Role), aliased(User), aliased(User)
    reminded = exists().where(
        AuditEntry.subject == func.concat("role:", Role.id),
        AuditEntry.act == "area.remind",
        AuditEntry.at > Role.valid_to - BEFORE,
    )
    due = (
        select(Role.id, Role.valid_to, deputy, official)
        .join(lent, lent.id == Role.delegated_by)
        .join(deputy, deputy.id == Role.user_id)
        .join(official, official.id == lent.user_id)
        .where(Role.valid_to > now, Role.valid_to <= now + BEFORE, ~reminded)
    )
    mails = {}
    rows: Any = db.session.execute(due)
    for role_id, until, *people in rows:
        to = [one.name for one in people if "@" in (one.name or "")]
        names = [one.display_name or one.name for one in people]
        if to and settings["SMTP_HOST"]:
            mails[role_id] = compose(to, SUBJECT, _text(names, until, base), settings)
    sent = send_all(mails, settings)
    for role_id in sent:
        record_command("area.remind", f"role:{role_id}")
    db.session.commit()
    return len(sent)


def _text(names: list[str | None], until: datetime, base: str) -> str:
    day = f"{until.astimezone(VIETNAM):%H:%M, %d/%m/%Y}"
    page = f"{base.rstrip('/')}/account/deputies"
    return TEXT.format(deputy=names[0], official=names[1], until=day, page=page)
