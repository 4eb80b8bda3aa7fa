"""The demo's monthly report: drafted, frozen and approved by its official."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from backend.accounts.access import Actor, Grant
from backend.accounts.models import Role, User
from backend.database.extensions import db
from backend.demo.plan import LETTER_MONTH, LETTER_PROVINCE
from backend.reports.monthly.approval import approve_report
from backend.reports.monthly.drafts import begin_report
from backend.reports.monthly.freezing import freeze_report

SIGNER = {"name": "Trần Thị Bình (mẫu)", "title": "Phó Giám đốc"}


def make_report(now: datetime, var_dir: Path) -> int | None:
    """Make and seal the report; None if the demo has no official."""
    official = _official()
    if official is None:
        return None
    data = {"unit": LETTER_PROVINCE, "level": "province", "month": LETTER_MONTH}
    draft = begin_report(official, data, now)
    report = int(draft["id"])
    frozen = freeze_report(official, report, frozenset({str(draft["version"])}), now)
    approve_report(official, report, frozenset({str(frozen["version"])}), SIGNER, now, var_dir)
    return report


def _official() -> Actor | None:
    """Return the demo's official with their roles."""
    roles = (
        select(User.id, Role.scope_id)
        .join(Role, Role.user_id == User.id)
        .where(User.demo, Role.role == "official")
    )
    rows = db.session.execute(roles).all()
    if not rows:
        return None
    grants = tuple(Grant("official", "unit", row.scope_id) for row in rows)
    return Actor(user_id=rows[0].id, grants=grants)
