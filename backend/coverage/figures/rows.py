"""Rows of coverage: filters, sorting and pages."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any

from backend.coverage.figures.columns import GROUPS, Figures
from backend.coverage.figures.query import CoverageQuery
from backend.errors import invalid
from backend.http.paging import decode_cursor, encode_cursor, row_id
from geo.gazetteer import sort_key

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
    "received", "valid", "counted", "counted_by_admin", "target", "reached", "share", "shortfall",
    "assessed", "expected", "today", "pace", "needed_per_day", "devices", "teams", "last_month",
    "change",
)  # fmt: skip
SORTS = ("name", *ORDERS, *NUMBERS)


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, the number of rows found, and the cursor of the next page.

    A row is an index into the concatenated tables.
    """

    tables: Sequence[Figures]
    rows: list[int]
    found: int
    next_cursor: str | None

    def items(self, names: Sequence[str] = tuple(GROUPS)) -> Iterator[dict[str, Any]]:
        """Yield an item for each row, with the named figures.

        Figures are computed only for the rows of the page.
        """
        starts = [0, *accumulate(len(table) for table in self.tables)]
        numbered = [(bisect_right(starts, row) - 1, row) for row in self.rows]
        parts = {}
        for number, group in groupby(sorted(numbered), key=lambda pair: pair[0]):
            rows = [row - starts[number] for _, row in group]
            table = self.tables[number].only(rows)
            columns = [(name, table.column(name)) for name in names]
            parts[number] = columns, {row: position for position, row in enumerate(rows)}
        for number, row in numbered:
            columns, positions = parts[number]
            position = positions[row - starts[number]]
            yield {name: column[position] for name, column in columns}  # no call for each cell


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
    if last := decode_cursor(query.cursor, _any_value, row_id):
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


def _any_value(value: Any) -> Any:
    """Decode a sort key; its type depends on the column."""
    return value


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
