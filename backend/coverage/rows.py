"""Which rows of coverage are shown, and in which order: filters, sorting, pages."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from backend.coverage.columns import Figures
from backend.coverage.questions import Question
from backend.errors import invalid
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
class Row:
    """A unit in a month."""

    table: Figures
    number: int
    place: int  # in the whole list, months after one another

    def value(self, column: str) -> Any:
        """What the row is sorted by; None comes last."""
        if column == "name":
            return self.place
        value = self.table.columns[column][self.number]
        return value if value is None else ORDERS.get(column, float)(value)

    def told(self) -> dict[str, Any]:
        return self.table.item(self.number)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows to show, how many there are in all, and where the next page goes on."""

    rows: list[Row]
    found: int
    following: str | None


def page(tables: Sequence[Figures], asked: Question) -> Page:
    """The rows that fit a question, in its order; all of them where no limit is told."""
    rows = _rows(tables)
    if asked.filter:
        fitting = FILTERS[asked.filter]
        rows = [row for row in rows if row.table.columns["state"][row.number] in fitting]
    found = len(rows)
    column, falling = (asked.sort or "name").removeprefix("-"), (asked.sort or "").startswith("-")
    if asked.sort:
        rows = _sorted(rows, column, falling)
    if asked.cursor:
        rows = _after(rows, column, falling, asked.cursor)
    shown = rows[: asked.limit]
    more = len(shown) < len(rows)
    return Page(shown, found, _cursor(shown[-1], column) if more else None)


def _rows(tables: Sequence[Figures]) -> list[Row]:
    pairs = ((table, n) for table in tables for n in range(len(table.standing.units)))
    return [Row(table, n, place) for place, (table, n) in enumerate(pairs)]


def _sorted(rows: list[Row], column: str, falling: bool) -> list[Row]:
    """By a column, equals in the order of the list, nulls last."""
    keyed = [(row.value(column), row) for row in rows]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=falling)
    return [row for _, row in known] + [row for value, row in keyed if value is None]


def _cursor(last: Row, column: str) -> str:
    return urlsafe_b64encode(json.dumps([last.value(column), last.place]).encode()).decode()


def _after(rows: list[Row], column: str, falling: bool, cursor: str) -> list[Row]:
    """What comes after the last row of another page; figures may have moved meanwhile."""
    try:
        value, place = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
        return [row for row in rows if _later(row, column, falling, value, int(place))]
    except (ValueError, TypeError):
        raise invalid("cursor", "not_cursor") from None


def _later(row: Row, column: str, falling: bool, value: Any, place: int) -> bool:
    own = row.value(column)
    if own is None or value is None:
        return own is None and (value is not None or row.place > place)
    if own == value:
        return row.place > place
    return bool(own < value if falling else own > value)
