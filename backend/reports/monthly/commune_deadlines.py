"""The day before which a province's communes report to it, set by its official."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, can
from backend.accounts.audit import record_act
from backend.clock import local_day, month_before, month_end
from backend.coverage.figures.unit_access import authorized_unit_on
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.scopes import unit_scope
from backend.outbox import service as outbox
from backend.outbox.service import NewEvent
from backend.reports.monthly.models import CommuneDeadline
from backend.reports.monthly.service import DEADLINE_DAY
from backend.units.catalogue import system_on
from backend.units.models import Unit
from backend.units.service import find

# Before the first day of a month its report cannot be due; the province's own deadline is the last.
DAYS = (2, DEADLINE_DAY)


def commune_deadline(province_code: str, month: str) -> date | None:
    """Return the day before which a province's communes report a month; None: none is set."""
    query = (
        select(CommuneDeadline.before_day)
        .join(Unit, Unit.id == CommuneDeadline.unit_id)
        .where(
            Unit.code == province_code,
            Unit.level == "province",
            Unit.system == system_on(month_end(month)),
        )
        .where(CommuneDeadline.month <= month)
        .order_by(CommuneDeadline.month.desc())
        .limit(1)
    )
    day = db.session.scalar(query)
    return None if day is None else (month_end(month) + timedelta(days=1)).replace(day=day)


def set_commune_deadline(actor: Actor, code: str, before_day: int | None, now: datetime) -> str:
    """Set the day for the report that is due now and later ones; earlier months keep theirs.

    None: communes need not report. Return the first month that it applies to.
    """
    if before_day is not None and not DAYS[0] <= before_day <= DAYS[1]:
        raise invalid("before_day", "out_of_range")
    month = month_before(f"{local_day(now):%Y-%m}")
    unit = authorized_unit_on(actor, "report.edit", code, "province", month_end(month))
    before = commune_deadline(code, month)
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


@dataclass(frozen=True, slots=True)
class OwnDeadline:
    """The province whose day a person may set, and the day."""

    code: str
    name: str
    before_day: int | None


def deadline_to_set(actor: Actor, code: str | None, now: datetime) -> OwnDeadline | None:
    """Return the day of a province's communes if the actor sets it; None else."""
    month = month_before(f"{local_day(now):%Y-%m}")
    try:
        unit = find(month_end(month), code, "province") if code else None
    except Problem:
        return None
    if unit is None or not can(actor, "report.edit", unit_scope(unit.id)):
        return None
    due = commune_deadline(unit.code, month)
    return OwnDeadline(unit.code, unit.name, due.day if due else None)
