"""Days of a month on which a unit has no sample."""

from datetime import date

from sqlalchemy import text

from backend.clock import month_end
from backend.coverage.figures.unit_access import communes_of
from backend.database.extensions import db

DAYS = text("""
    select count(distinct day)::int from (
        select day from counts
        where month = :month and unit_id = any(:units) and day is not null and n > 0
        union all
        select day from count_deltas
        where unit_id = any(:units) and n > 0 and day between :first and :last
    ) days
""")


def days_without_samples(unit_id: int, month: str, today: date) -> int:
    """Return the past days of a month on which no sample was received in a unit."""
    first, last = date.fromisoformat(f"{month}-01"), month_end(month)
    done = max(0, (min(last, today) - first).days + (1 if last < today else 0))
    values = {"month": month, "units": communes_of(unit_id), "first": first, "last": last}
    return max(0, done - int(db.session.scalar(DAYS, values) or 0))
