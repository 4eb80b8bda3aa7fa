"""Deadlines of monthly reports, and the reminder of missing ones."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text

from backend.accounts.access import PUBLIC, Actor
from backend.clock import local_day, month_before, month_end, month_start
from backend.coverage.alerts.digest import Digest
from backend.coverage.figures.unit_access import authorized_unit, communes_of
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.i18n import formats
from backend.reports.monthly.commune_deadlines import commune_deadline
from backend.reports.monthly.models import ReportRow
from backend.reports.monthly.service import deadline, readable_by
from backend.units.service import UnitRow, units_on


def list_deadlines(actor: Actor, query: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return every unit of a level with the state of its report, missing ones first."""
    month = query["month"]
    if month_start(month) > today:
        raise invalid("month", "month_in_future")
    units = units_on(month_end(month), query["level"], query["parent"])
    reports, due = _reports(actor, month), _deadline_of_list(query)
    items = [_item(unit, reports.get(unit.id, []), due) for unit in units]
    sent = sum(item["sent_at"] is not None for item in items)
    return {
        "month": month,
        "level": query["level"],
        "deadline": due,
        "days_left": (due - today).days,
        "units": len(items),
        "sent": sent,
        "items": sorted(items, key=lambda item: item["sent_at"] is not None),
    }


def _deadline_of_list(query: Mapping[str, Any]) -> date:
    """Return the deadline of a list of units: of a province's communes its own, if it set one."""
    own = None
    if query["level"] == "commune" and query["parent"]:
        own = commune_deadline(query["parent"], query["month"])
    return own or deadline(query["month"])


def _reports(actor: Actor, month: str) -> dict[int, list[ReportRow]]:
    query = select(ReportRow).where(ReportRow.month == month, readable_by(actor))
    found: dict[int, list[ReportRow]] = {}
    for row in db.session.scalars(query.order_by(ReportRow.edition)):
        found.setdefault(row.unit_id, []).append(row)
    return found


def _item(unit: UnitRow, editions: Sequence[ReportRow], due: date) -> dict[str, Any]:
    """Return a unit's latest edition; `sent_at` is the first approval of any edition."""
    last = editions[-1] if editions else None
    sent_at = next((row.approved_at for row in editions if row.approved_at), None)
    return {
        "code": unit.code,
        "name": unit.name,
        "parent": unit.parent_name,
        "report_id": last.id if last else None,
        "edition": last.edition if last else None,
        "state": last.state if last else None,
        "sent_at": sent_at,
        "late": sent_at is not None and local_day(sent_at) >= due,
    }


@dataclass(frozen=True, slots=True)
class DueReport:
    """The report of a unit's last month that is not approved yet."""

    unit: UnitRow
    month: str
    deadline: date  # the report is due before this day
    days_left: int  # 0 and less: overdue
    report_id: int | None  # of its latest edition
    state: str | None

    @property
    def days_overdue(self) -> int:
        """The days since the last one in time; 0: it is not overdue."""
        return max(1 - self.days_left, 0)


HAS_SAMPLES = text("""
    select exists (select from counts where month = :month and unit_id = any(:units) and n > 0)
""")


def due_report(actor: Actor, code: str, today: date) -> DueReport | None:
    """Return the missing report of a unit's last month; None if there is none to make.

    A month without samples needs none, and neither does a commune whose province set no day.
    """
    month = month_before(f"{today:%Y-%m}")
    try:
        unit = authorized_unit(actor, "report.read", code, None, month)
    except Problem:
        return None
    due = _deadline_of(unit, month)
    if due is None:
        return None
    editions = (
        select(ReportRow.id, ReportRow.state, ReportRow.approved_at)
        .filter_by(unit_id=unit.id, month=month)
        .order_by(ReportRow.edition.desc())
    )
    rows = db.session.execute(editions).all()
    samples = {"month": month, "units": communes_of(unit.id)}
    if any(row.approved_at for row in rows) or not db.session.scalar(HAS_SAMPLES, samples):
        return None
    latest = rows[0] if rows else None
    return DueReport(
        unit,
        month,
        due,
        (due - today).days,
        latest.id if latest else None,
        latest.state if latest else None,
    )


def _deadline_of(unit: UnitRow, month: str) -> date | None:
    """Return the day before which a unit's report is due; None: nothing asks for one."""
    if unit.level == "province":
        return deadline(month)
    return commune_deadline(unit.province_code, month) if unit.level == "commune" else None


# A mail lists this many names.
NAMES_MOST = 40


def remind(day: date, codes: Collection[str] = (), level: str = "province") -> Digest | None:
    """Return the reminder of last month's missing reports; None if none is missing.

    `codes` restricts it to some units.
    """
    month = f"{month_start(f'{day:%Y-%m}') - timedelta(days=1):%Y-%m}"
    deadlines = list_deadlines(PUBLIC, {"month": month, "level": level, "parent": None}, day)
    units = [one for one in deadlines["items"] if not codes or one["code"] in codes]
    if not units:
        raise invalid("unit", "no_such_unit")
    missing = [one["name"] for one in units if one["sent_at"] is None]
    if not missing:
        return None
    subject = f"Đo Sóng: báo cáo tháng {formats.month(month)} chưa gửi"
    return Digest(",".join(codes), day, subject, _lines(deadlines, len(units), missing))


def _lines(deadlines: Mapping[str, Any], units: int, missing: list[str]) -> list[str]:
    days = deadlines["days_left"]
    when = f"còn {days} ngày" if days > 0 else f"đã quá hạn {-days + 1} ngày"
    more = len(missing) - NAMES_MOST
    others = f" và {formats.number(more, 'vi')} nơi khác" if more > 0 else ""
    return [
        f"Báo cáo tháng {formats.month(deadlines['month'])}: gửi trước ngày "
        f"{formats.day(deadlines['deadline'], 'vi')}, {when}.",
        f"{units - len(missing)}/{units} đơn vị đã có báo cáo được xác nhận.",
        f"Chưa có: {', '.join(missing[:NAMES_MOST])}{others}.",
    ]
