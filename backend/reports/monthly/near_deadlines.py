"""Notes missing reports whose deadline is near: an event once for each unit and month."""

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import text

from backend.clock import local_day, month_before, month_end
from backend.database.extensions import db
from backend.outbox.service import NewEvent, add_missing
from backend.reports.monthly.commune_deadlines import commune_deadline
from backend.reports.monthly.service import deadline
from backend.units.catalogue import system_on
from backend.units.service import units_on

# Time to approve a report before the day on which it is late.
NEAR_DAYS = 3

# Units with samples and without an approved report; a month without samples needs none.
MISSING = text("""
    select u.id from units u
    where u.system = :system and u.level = :level
        and (cast(:province as text) is null or exists (
            select from units p where p.id = u.province_id and p.code = :province))
        and exists (
            select from counts c join units below on below.id = c.unit_id
            where c.month = :month and c.n > 0 and u.id in (below.id, below.province_id))
        and not exists (
            select from reports r
            where r.unit_id = u.id and r.month = :month and r.approved_at is not null)
    order by u.id
""")


def note_near_deadlines(now: datetime) -> int:
    """Add an event for each missing report that is due within three days; commit.

    Return the number of events.
    """
    today = local_day(now)
    month = month_before(f"{today:%Y-%m}")
    noted = 0
    for level, province, due in _deadlines(month):
        if 0 < (due - today).days <= NEAR_DAYS:
            noted += add_missing(_missing(month, level, province, due, today))
    db.session.commit()
    return noted


def _deadlines(month: str) -> Iterator[tuple[str, str | None, date]]:
    """Yield level, province and day of each deadline of a month."""
    yield "province", None, deadline(month)
    for province in units_on(month_end(month), "province"):
        own = commune_deadline(province.code, month)
        if own is not None:
            yield "commune", province.code, own


def _missing(
    month: str, level: str, province: str | None, due: date, today: date
) -> list[NewEvent]:
    system = system_on(month_end(month))
    values = {"system": system, "level": level, "province": province, "month": month}
    data = {"deadline": due.isoformat(), "days_left": (due - today).days}
    return [
        NewEvent("deadline.near", unit, month, data, once=f"deadline:{unit}:{month}:{due}")
        for unit in db.session.execute(MISSING, values).scalars()
    ]
