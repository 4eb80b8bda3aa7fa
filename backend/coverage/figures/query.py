"""Queries of coverage: their parameters, the months with data, filters, orders and pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import month_start, months_between
from backend.database.extensions import db
from backend.errors import invalid
from backend.http.paging import decode_cursor, encode_cursor, row_id
from geo.gazetteer import sort_key

# Officials compare a year; each month of the country is a list of thousands of units.
MAX_MONTHS = 12


@dataclass(frozen=True, slots=True)
class CoverageQuery:
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
        if not months or len(months) > MAX_MONTHS:
            raise invalid("from", "out_of_range")
        return months


# Skips from month to month in the key of the counts, instead of reading every row. Versions before
# 2 stored samples of any date as not valid: these make no month.
WITH_DATA = """
    with recursive months(month) as (
        select max(month) from unit_months where month <= :now
        union all
        select (select max(month) from unit_months where month < months.month)
        from months where month is not null
    )
    select month from months
    where exists (select from unit_months u where u.month = months.month and u.valid > 0)
    order by month desc
"""


def months_with_data(today: date) -> list[str]:
    """Return the months up to today that have valid measurements, the newest first."""
    return list(db.session.scalars(text(WITH_DATA), {"now": f"{today:%Y-%m}"}))


FILTERS: dict[str, tuple[str, ...]] = {
    "lacking": ("on_pace", "behind"),
    "reached": ("reached",),
    "on_pace": ("on_pace",),
    "behind": ("behind",),
}
STATES = ("behind", "on_pace", "reached")
# Sort keys of columns that are not numbers; "name" is the order of the unit list.
ORDERS: dict[str, Callable[[Any], Any]] = {
    "month": str,
    "code": str,
    "parent": sort_key,
    "state": STATES.index,
    "projection": lambda interval: interval["middle"],
}
NUMBERS = (
    "received", "valid", "counted", "counted_by_admin", "withdrawn", "target", "reached", "share",
    "shortfall", "assessed", "expected", "today", "pace", "needed_per_day", "devices", "teams",
    "last_month", "change",
)  # fmt: skip
SORTS = ("name", *ORDERS, *NUMBERS)


class Page(NamedTuple):
    """The rows of a page by their places in the list, and the number of rows of all pages."""

    rows: list[int]
    found: int
    next_cursor: str | None


def select_page(items: Sequence[dict[str, Any]], query: CoverageQuery) -> Page:
    """Filter, sort and page items; without a limit return all of them."""
    rows = list(range(len(items)))
    if query.filter:
        accepted = FILTERS[query.filter]
        rows = [row for row in rows if items[row]["state"] in accepted]
    found = len(rows)
    descending = (query.sort or "").startswith("-")
    keys = _sort_keys(items, (query.sort or "name").removeprefix("-"))
    if query.sort:
        rows = _sorted(rows, keys, descending)
    if last := decode_cursor(query.cursor, lambda key: key, row_id):
        rows = _after(rows, keys, descending, last)
    shown = rows[: query.limit]
    more = len(shown) < len(rows)
    return Page(shown, found, encode_cursor(keys[shown[-1]], shown[-1]) if more else None)


def _sort_keys(items: Sequence[dict[str, Any]], name: str) -> Sequence[Any]:
    """Return the sort key of each item; None is sorted last."""
    if name == "name":
        return range(len(items))
    key = ORDERS.get(name, float)
    return [None if item[name] is None else key(item[name]) for item in items]


def _sorted(rows: list[int], keys: Sequence[Any], descending: bool) -> list[int]:
    """Sort rows by their keys; equal rows keep the order of the list."""
    known = [row for row in rows if keys[row] is not None]
    known.sort(key=keys.__getitem__, reverse=descending)
    return known + [row for row in rows if keys[row] is None]


def _after(
    rows: list[int], keys: Sequence[Any], descending: bool, last: tuple[Any, ...]
) -> list[int]:
    """Return the rows after the last row of another page; its figures may have changed since."""
    key, position = last
    try:
        return [row for row in rows if _is_after(row, keys[row], descending, key, position)]
    except TypeError:  # the cursor is of another sort
        raise invalid("cursor", "not_cursor") from None


def _is_after(row: int, key: Any, descending: bool, last_key: Any, last_row: int) -> bool:
    if key is None or last_key is None:
        return key is None and (last_key is not None or row > last_row)
    if key == last_key:
        return row > last_row
    return bool(key < last_key if descending else key > last_key)
