"""Which rows of coverage are shown, and in which order: filters, sorting, pages."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any

from backend.coverage.figures.columns import GROUPS, Figures
from backend.coverage.figures.query import Question
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
# How a column's values are put in order where they are not numbers; lists come in Vietnamese order.
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
    """Which rows to show, how many fit in all, and where the next page goes on.

    A row is told by its place in the tables laid after one another.
    """

    tables: Sequence[Figures]
    rows: list[int]
    found: int
    next_cursor: str | None

    def items(self, names: Sequence[str] = tuple(GROUPS)) -> Iterator[dict[str, Any]]:
        """What is told of each row, one after the other; some figures alone, where named.

        Of a few rows alone it is reckoned, not of the thousands that they were chosen from.
        """
        starts = [0, *accumulate(len(table) for table in self.tables)]
        wanted = [(bisect_right(starts, row) - 1, row) for row in self.rows]
        parts = {}
        for number, group in groupby(sorted(wanted), key=lambda pair: pair[0]):
            rows = [row - starts[number] for _, row in group]
            table = self.tables[number].only(rows)
            columns = [(name, table.column(name)) for name in names]
            parts[number] = columns, {row: place for place, row in enumerate(rows)}
        for number, row in wanted:
            columns, places = parts[number]
            place = places[row - starts[number]]
            yield {name: column[place] for name, column in columns}  # no call for each cell


def page(tables: Sequence[Figures], asked: Question) -> Page:
    """The rows that fit a question, in its order; all of them where no limit is told."""
    rows = list(range(sum(len(table) for table in tables)))
    if asked.filter:
        fitting, states = FILTERS[asked.filter], _column(tables, "state")
        rows = [row for row in rows if states[row] in fitting]
    found = len(rows)
    name, falling = (asked.sort or "name").removeprefix("-"), (asked.sort or "").startswith("-")
    order = _order(tables, name)
    if asked.sort:
        rows = _sorted(rows, order, falling)
    if last := decode_cursor(asked.cursor, _order_value, row_id):
        rows = _after(rows, order, falling, last)
    shown = rows[: asked.limit]
    more = len(shown) < len(rows)
    return Page(tables, shown, found, encode_cursor(order[shown[-1]], shown[-1]) if more else None)


def _column(tables: Sequence[Figures], name: str) -> list[Any]:
    return [value for table in tables for value in table.column(name)]


def _order(tables: Sequence[Figures], name: str) -> list[Any]:
    """Of each row what it is sorted by; None comes last."""
    if name == "name":
        return list(range(sum(len(table) for table in tables)))
    read = ORDERS.get(name, float)
    return [None if value is None else read(value) for value in _column(tables, name)]


def _sorted(rows: list[int], order: Sequence[Any], falling: bool) -> list[int]:
    """Equals in the order of the list."""
    known = [row for row in rows if order[row] is not None]
    known.sort(key=order.__getitem__, reverse=falling)
    return known + [row for row in rows if order[row] is None]


def _order_value(value: Any) -> Any:
    """Read a value that rows are sorted by; each column has its own type."""
    return value


def _after(
    rows: list[int], order: Sequence[Any], falling: bool, last: tuple[Any, ...]
) -> list[int]:
    """Select the rows after the last one of another page; figures may have changed meanwhile."""
    value, place = last
    try:
        return [row for row in rows if _later(row, order[row], falling, value, place)]
    except TypeError:  # the cursor is of another sort
        raise invalid("cursor", "not_cursor") from None


def _later(row: int, own: Any, falling: bool, value: Any, place: int) -> bool:
    if own is None or value is None:
        return own is None and (value is not None or row > place)
    if own == value:
        return row > place
    return bool(own < value if falling else own > value)
