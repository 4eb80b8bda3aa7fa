"""Months whose samples left the table: their counts, statistics, releases and sums are final.

Nothing is computed from rows of such a month. Statements that recompute leave out those of
`archived_months`; acts that name one are refused by `require_rows`. Phones' samples of it are too
old.
"""

from sqlalchemy import select

from backend.database.extensions import db
from backend.errors import Problem
from backend.measurements.recording.models import ArchivedMonth


def archived_months() -> frozenset[str]:
    """Return the months whose samples left the table."""
    return frozenset(db.session.scalars(select(ArchivedMonth.month)))


def require_rows(*months: str) -> None:
    """Raise 409 if the samples of one of the months left the table."""
    if not archived_months().isdisjoint(months):
        raise Problem(409, "month_archived")
