"""Deadlines of monthly reports: that of provinces, and those that provinces set for communes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypedDict

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import PUBLIC, Actor
from backend.accounts.audit import record_act
from backend.clock import local_day, month_before, month_end, month_start
from backend.coverage.alerts.digest import Digest
from backend.coverage.figures.unit_access import authorized_unit
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.i18n import formats
from backend.organisations.scopes import authorized_unit_on
from backend.outbox import service as outbox
from backend.outbox.service import NewEvent
from backend.reports.monthly.models import CommuneDeadline, ReportRow
from backend.reports.monthly.service import DEADLINE_DAY, deadline, readable_by
from backend.units.catalogue import system_on
from backend.units.models import Unit
from backend.units.service import UnitRow, units_on

# Before the first day of a month its report cannot be due; the province's own deadline is the last.
DAYS = (2, DEADLINE_DAY)
# Time to approve a report before the day on which it is late.
NEAR_DAYS = 3
# A mail lists this many names.
MAX_NAMES = 40


def month_due(today: date) -> str:
    """Return the month whose reports are due: the last one."""
    return month_before(f"{today:%Y-%m}")


def deadline_of(level: str, province_code: str | None, month: str) -> date | None:
    """Return the day before which reports of a level are due; None: nothing asks for them."""
    if level == "province":
        return deadline(month)
    if level != "commune" or province_code is None:
        return None
    query = (
        select(CommuneDeadline.before_day)
        .join(Unit, Unit.id == CommuneDeadline.unit_id)
        .filter(Unit.code == province_code, Unit.level == "province")
        .filter(Unit.system == system_on(month_end(month)), CommuneDeadline.month <= month)
        .order_by(CommuneDeadline.month.desc())
        .limit(1)
    )
    day = db.session.scalar(query)
    return None if day is None else deadline(month, day)


# The deadline of communes


def set_commune_deadline(actor: Actor, code: str, before_day: int | None, now: datetime) -> str:
    """Set the day for the report that is due now and later ones; earlier months keep theirs.

    None: communes need not report. Return the first month that it applies to.
    """
    if before_day is not None and not DAYS[0] <= before_day <= DAYS[1]:
        raise invalid("before_day", "out_of_range")
    month = month_due(local_day(now))
    unit = authorized_unit_on(actor, "report.edit", code, "province", month_end(month))
    before = deadline_of("commune", code, month)
    row = insert(CommuneDeadline).values(
        unit_id=unit.id, month=month, before_day=before_day, changed_at=now
    )
    fresh = {"before_day": before_day, "changed_at": now}
    db.session.execute(row.on_conflict_do_update(index_elements=["unit_id", "month"], set_=fresh))
    details = {"before": before.day if before else None, "after": before_day, "month": month}
    record_act(actor, "deadline.set", f"unit:{unit.id}", **details)
    outbox.add(NewEvent("deadline.set", unit.id, month, {"before_day": before_day}))
    db.session.commit()
    return month


class OwnDeadline(NamedTuple):
    """The province whose day a person may set, and the day."""

    code: str
    name: str
    before_day: int | None


def deadline_to_set(actor: Actor, code: str | None, now: datetime) -> OwnDeadline | None:
    """Return the day of a province's communes if the actor sets it; None else."""
    month = month_due(local_day(now))
    if code is None:
        return None
    try:
        unit = authorized_unit_on(actor, "report.edit", code, "province", month_end(month))
    except Problem:
        return None
    due = deadline_of("commune", unit.code, month)
    return OwnDeadline(unit.code, unit.name, due.day if due else None)


# Reports of a month by unit


class ReportDue(TypedDict):
    """State of a unit's report; `sent_at`: when its first edition was approved."""

    code: str
    name: str
    parent: str | None
    report_id: int | None
    edition: int | None
    state: str | None
    sent_at: datetime | None
    late: bool


class ReportDeadlines(TypedDict):
    """Deadline of a month's reports and their states, missing ones first."""

    month: str
    level: str
    deadline: date
    days_left: int
    units: int
    sent: int
    items: list[ReportDue]


def list_deadlines(actor: Actor, query: Mapping[str, Any], today: date) -> ReportDeadlines:
    """Return every unit of a level with the state of its report, missing ones first."""
    month, level, parent = query["month"], query["level"], query["parent"]
    if month_start(month) > today:
        raise invalid("month", "month_in_future")
    due = deadline_of(level, parent, month) or deadline(month)
    rows = select(ReportRow).where(ReportRow.month == month, readable_by(actor))
    reports: dict[int, list[ReportRow]] = {}
    for row in db.session.scalars(rows.order_by(ReportRow.edition)):
        reports.setdefault(row.unit_id, []).append(row)
    units = units_on(month_end(month), level, parent)
    items = [_item(unit, reports.get(unit.id, []), due) for unit in units]
    return {
        "month": month,
        "level": level,
        "deadline": due,
        "days_left": (due - today).days,
        "units": len(items),
        "sent": sum(item["sent_at"] is not None for item in items),
        "items": sorted(items, key=lambda item: item["sent_at"] is not None),
    }


def _item(unit: UnitRow, editions: Sequence[ReportRow], due: date) -> ReportDue:
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


def remind(day: date, codes: Collection[str] = ()) -> Digest | None:
    """Return the reminder of provinces' missing reports of last month; None if none is missing.

    `codes` restricts it to some units.
    """
    month = month_due(day)
    listed = list_deadlines(PUBLIC, {"month": month, "level": "province", "parent": None}, day)
    units = [one for one in listed["items"] if not codes or one["code"] in codes]
    if not units:
        raise invalid("unit", "no_such_unit")
    missing = [one["name"] for one in units if one["sent_at"] is None]
    if not missing:
        return None
    days, more = listed["days_left"], len(missing) - MAX_NAMES
    when = f"còn {days} ngày" if days > 0 else f"đã quá hạn {-days + 1} ngày"
    others = f" và {formats.number(more, 'vi')} nơi khác" if more > 0 else ""
    lines = [
        f"Báo cáo tháng {formats.month(month)}: gửi trước ngày "
        f"{formats.day(listed['deadline'], 'vi')}, {when}.",
        f"{len(units) - len(missing)}/{len(units)} đơn vị đã có báo cáo được xác nhận.",
        f"Chưa có: {', '.join(missing[:MAX_NAMES])}{others}.",
    ]
    subject = f"Đo Sóng: báo cáo tháng {formats.month(month)} chưa gửi"
    return Digest(",".join(codes), day, subject, lines)


# Missing reports: a month without samples needs none, nor does a commune whose province set no day.

MISSING = text("""
    select u.id from units u
    where u.system = :system and u.level = :level
        and (cast(:unit as integer) is null or u.id = :unit)
        and (cast(:province as text) is null or exists (
            select from units p where p.id = u.province_id and p.code = :province))
        and exists (
            select from units below join unit_months c on c.unit_id = below.id
            where (below.id = u.id or below.province_id = u.id) and c.month = :month
                and c.received > 0)
        and not exists (
            select from reports r
            where r.unit_id = u.id and r.month = :month and r.approved_at is not null)
    order by u.id
""")


def _missing(
    month: str, level: str, province: str | None = None, unit: int | None = None
) -> list[int]:
    """Return the units of a level with samples and without an approved report."""
    system = system_on(month_end(month))
    values = {"system": system, "level": level, "province": province, "unit": unit, "month": month}
    return list(db.session.execute(MISSING, values).scalars())


class DueReport(TypedDict):
    """A missing report; it is due before the day of its deadline."""

    unit: UnitRow
    month: str  # YYYY-MM
    deadline: date
    days_left: int  # 0 or less: overdue
    days_overdue: int  # 0: not overdue
    first: bool  # it comes before the work of the running month
    report_id: int | None  # of its latest edition; null: none was begun
    state: str | None  # of this edition


def due_report(actor: Actor, code: str, today: date) -> DueReport | None:
    """Return the missing report of a unit's last month; None if there is none to make."""
    month = month_due(today)
    try:
        unit = authorized_unit(actor, "report.read", code, None, month)
    except Problem:
        return None
    due = deadline_of(unit.level, unit.province_code, month)
    if due is None or not _missing(month, unit.level, unit=unit.id):
        return None
    editions = select(ReportRow.id, ReportRow.state).filter_by(unit_id=unit.id, month=month)
    last = db.session.execute(editions.order_by(ReportRow.edition.desc())).first()
    left = (due - today).days
    return {
        "unit": unit,
        "month": month,
        "deadline": due,
        "days_left": left,
        "days_overdue": max(1 - left, 0),
        "first": today.day <= DEADLINE_DAY,
        "report_id": last.id if last else None,
        "state": last.state if last else None,
    }


def note_near_deadlines(now: datetime) -> int:
    """Add an event for each missing report that is due within three days, once; commit.

    Return the number of events.
    """
    today, noted = local_day(now), 0
    month = month_due(today)
    for level, province, due in _deadlines(month):
        if 0 < (days := (due - today).days) <= NEAR_DAYS:
            data = {"deadline": due.isoformat(), "days_left": days}
            noted += outbox.add_once(
                [
                    NewEvent("deadline.near", u, month, data, once=f"deadline:{u}:{month}:{due}")
                    for u in _missing(month, level, province)
                ]
            )
    db.session.commit()
    return noted


def _deadlines(month: str) -> Iterator[tuple[str, str | None, date]]:
    """Yield level, province and day of each deadline of a month."""
    yield "province", None, deadline(month)
    for province in units_on(month_end(month), "province"):
        if own := deadline_of("commune", province.code, month):
            yield "commune", province.code, own
