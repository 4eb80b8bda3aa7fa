"""Queries of coverage: their parameters, the months with data, and the reader of figures."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from backend.accounts.access import PUBLIC, Actor
from backend.accounts.authentication import actor
from backend.clock import month_start
from backend.database.extensions import db, setting
from backend.errors import Problem, invalid

# Officials compare a year; each month of the country is a list of thousands of units.
MONTHS_MOST = 12


@dataclass(frozen=True, slots=True)
class CoverageQuery:
    """The months, units, network, order and page of a query."""

    month: str  # the only one, or the last of a range
    level: str | None = "commune"  # None: that of `unit`
    network: str = "mobile"
    parent: str | None = None  # code of a province or district: the units inside it
    unit: str | None = None  # code of a single unit
    since: str | None = None  # the first month of a range
    filter: str | None = None  # lacking, reached, on_pace, behind
    sort: str | None = None  # a column; with a leading minus in descending order
    limit: int | None = None
    cursor: str | None = None
    reader: Actor | None = None  # None: everything is visible, also unpublished figures

    def months(self, today: date) -> list[str]:
        """Return the months, the earliest first; 422 for a month in the future."""
        if month_start(self.month) > today:
            raise invalid("to" if self.since else "month", "month_in_future")
        months = months_between(self.since or self.month, self.month)
        if not months or len(months) > MONTHS_MOST:
            raise invalid("from", "out_of_range")
        return months


def months_between(first: str, last: str) -> list[str]:
    """Return the months of a range, including both ends."""
    number, end = _number(first), _number(last)
    return [f"{n // 12:04}-{n % 12 + 1:02}" for n in range(number, min(end, number + 1200) + 1)]


def month_before(month: str) -> str:
    """Return the previous month."""
    number = _number(month) - 1
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _number(month: str) -> int:
    year, _, count = month.partition("-")
    return int(year) * 12 + int(count) - 1


# Skips from month to month in the index of counts, instead of reading every row of a large table;
# there are few deltas that are not folded yet.
WITH_DATA = text("""
    with recursive months(month) as (
        select max(month) from counts where month <= :now
        union all
        select (select max(month) from counts where month < months.month)
        from months where month is not null
    ), found as (
        select month from months
        where exists (select 1 from counts c where c.month = months.month and c.n > 0)
        union
        select to_char(day, 'YYYY-MM') from count_deltas where n > 0
    )
    select month from found where month <= :now order by month desc
""")


def months_with_data(today: date) -> list[str]:
    """Return the months up to today that have measurements, the newest first."""
    return list(db.session.scalars(WITH_DATA, {"now": f"{today:%Y-%m}"}))


def figures_reader() -> Actor | None:
    """Return the actor of the request if figures wait for approval; None if they are live.

    A device's token reads the public figures.
    """
    if setting("PUBLISH") == "live":
        return None
    try:
        return actor()
    except Problem:
        return PUBLIC
