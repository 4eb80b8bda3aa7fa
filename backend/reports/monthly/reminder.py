"""Whose report of last month is still to be sent, in a few lines, while there is time."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from backend.accounts.access import PUBLIC
from backend.clock import month_start
from backend.coverage.alerts.digest import Digest
from backend.errors import invalid
from backend.i18n import formats
from backend.reports.monthly.deadlines import list_deadlines

# More names than these nobody reads in a mail.
NAMES_TOLD = 40


def remind(day: date, codes: Collection[str] = (), level: str = "province") -> Digest | None:
    """Tell who has not sent; None where everybody has. `codes`: of these units alone."""
    month = f"{month_start(f'{day:%Y-%m}') - timedelta(days=1):%Y-%m}"
    told = list_deadlines(PUBLIC, {"month": month, "level": level, "parent": None}, day)
    units = [one for one in told["items"] if not codes or one["code"] in codes]
    if not units:
        raise invalid("unit", "no_such_unit")
    missing = [one["name"] for one in units if one["sent_at"] is None]
    if not missing:
        return None
    subject = f"Đo Sóng: báo cáo tháng {formats.month(month)} chưa gửi"
    return Digest(",".join(codes), day, subject, _lines(told, len(units), missing))


def _lines(told: Mapping[str, Any], units: int, missing: list[str]) -> list[str]:
    left = told["days_left"]
    when = f"còn {left} ngày" if left > 0 else f"đã quá hạn {-left + 1} ngày"
    more = len(missing) - NAMES_TOLD
    others = f" và {formats.number(more, 'vi')} nơi khác" if more > 0 else ""
    return [
        f"Báo cáo tháng {formats.month(told['month'])}: gửi trước ngày "
        f"{formats.day(told['deadline'], 'vi')}, {when}.",
        f"{units - len(missing)}/{units} đơn vị đã có báo cáo được xác nhận.",
        f"Chưa có: {', '.join(missing[:NAMES_TOLD])}{others}.",
    ]
