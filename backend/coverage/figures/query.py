"""Queries of coverage: their parameters, the months with data, and the pages of rows."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import accumulate, chain, groupby
from typing import Any

from sqlalchemy import text

from backend.accounts.access import PUBLIC, Actor
from backend.accounts.authentication import actor
from backend.clock import month_start, months_between
from backend.coverage.figures.columns import GROUPS, Figures
from backend.database.extensions import db, setting
from backend.errors import Problem, invalid
from backend.http.paging import decode_cursor, encode_cursor, row_id
from backend.measurements.recording.reasons import NOT_VALID
from geo.gazetteer import sort_key

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


# Skips from month to month in the index of counts, instead of reading every row of a large table;
# there are few deltas that are not folded yet. Versions before 2 stored samples of any date as not
# valid: these make no month.
WITH_DATA = text("""
    with recursive months(month) as (
        select max(month) from counts where month <= :now
        union all
        select (select max(month) from counts where month < months.month)
        from months where month is not null
    ), found as (
        select month from months
        where exists (
            select from counts c
            where c.month = months.month and c.n > 0 and c.fate <> all(:not_valid))
        union
        select to_char(day, 'YYYY-MM') from count_deltas where n > 0 and fate <> all(:not_valid)
    )
    select month from found where month <= :now order by month desc
""")


def months_with_data(today: date) -> list[str]:
    """Return the months up to today that have valid measurements, the newest first."""
    values = {"now": f"{today:%Y-%m}", "not_valid": sorted(NOT_VALID)}
    return list(db.session.scalars(WITH_DATA, values))


def figures_reader() -> Actor | None:
    """Return the actor of the request if figures wait for approval; None if they are live.

    A device's token reads the public figures.
    """
    return None if setting("PUBLISH") == "live" else person_or_public()


def person_or_public() -> Actor:
    """Return the actor of the request; the public with a device's token."""
    try:
        return actor()
    except Problem:
        return PUBLIC


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


@dataclass(frozen=True)
class Page:
    """The rows of a page, the number of rows found, and the cursor of the next page.

    A row is an index into the concatenated tables.
    """

    tables: Sequence[Figures]
    rows: list[int]
    found: int
    next_cursor: str | None

    def columns(self, names: Sequence[str] = tuple(GROUPS)) -> list[list[Any]]:
        """Return the named figures of the rows, one list for each name.

        Figures are computed only for the rows of the page.
        """
        found = [self._column(name) for name in names]
        if self._order is None:
            return found
        return [[column[position] for position in self._order] for column in found]

    def slices(self, most: int) -> Iterator[list[list[Any]]]:
        """Yield `columns` of at most so many rows each; of all rows at once in another order."""
        if self._order is not None:
            yield self.columns()
            return
        for table in self.shown:
            for part in table.slices(most):
                yield [part.column(name) for name in GROUPS]

    def items(self, names: Sequence[str] = tuple(GROUPS)) -> Iterator[dict[str, Any]]:
        """Yield an item for each row, with the named figures."""
        for row in zip(*self.columns(names), strict=True):
            yield dict(zip(names, row, strict=True))  # no call for each cell

    def digest(self) -> bytes:
        """Return a digest of what the figures of the rows are computed from, and of their order."""
        return b"".join((*(table.digest() for table in self.shown), repr(self._order).encode()))

    @cached_property
    def shown(self) -> list[Figures]:
        """The tables with the rows of the page alone, in the order of the lists."""
        starts = [0, *accumulate(len(table) for table in self.tables)]
        if len(self.rows) == starts[-1]:
            return list(self.tables)
        numbered = ((bisect_right(starts, row) - 1, row) for row in sorted(self.rows))
        return [
            self.tables[number].only([row - starts[number] for _, row in group])
            for number, group in groupby(numbered, key=lambda pair: pair[0])
        ]

    @cached_property
    def _order(self) -> list[int] | None:
        """The position of each row in `shown`; None where the order is the same."""
        ordered = sorted(self.rows)
        if ordered == self.rows:
            return None
        positions = {row: position for position, row in enumerate(ordered)}
        return [positions[row] for row in self.rows]

    def _column(self, name: str) -> list[Any]:
        columns = [table.column(name) for table in self.shown]
        return columns[0] if len(columns) == 1 else list(chain.from_iterable(columns))


def select_page(tables: Sequence[Figures], query: CoverageQuery) -> Page:
    """Filter, sort and page the rows of tables; without a limit return all rows."""
    rows = list(range(sum(len(table) for table in tables)))
    if query.filter:
        accepted, states = FILTERS[query.filter], _column(tables, "state")
        rows = [row for row in rows if states[row] in accepted]
    found = len(rows)
    descending = (query.sort or "").startswith("-")
    keys = _sort_keys(tables, (query.sort or "name").removeprefix("-"))
    if query.sort:
        rows = _sorted(rows, keys, descending)
    if last := decode_cursor(query.cursor, lambda key: key, row_id):
        rows = _after(rows, keys, descending, last)
    shown = rows[: query.limit]
    more = len(shown) < len(rows)
    return Page(tables, shown, found, encode_cursor(keys[shown[-1]], shown[-1]) if more else None)


def _column(tables: Sequence[Figures], name: str) -> list[Any]:
    return [value for table in tables for value in table.column(name)]


def _sort_keys(tables: Sequence[Figures], name: str) -> list[Any]:
    """Return the sort key of each row; None is sorted last."""
    if name == "name":
        return list(range(sum(len(table) for table in tables)))
    key = ORDERS.get(name, float)
    return [None if value is None else key(value) for value in _column(tables, name)]


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
