"""Tables of pages: parts of long ones, and rows as lists where the columns do not fit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from markupsafe import Markup

ROW_OR_CELL = re.compile(r"<tr\b|<td\b([^>]*)>|<th\b[^>]*>")
SPAN = re.compile(r'\bcolspan="(\d+)"')
HIDDEN_ON_PHONES = "wide-only"
# Rows with more cells than this would be too long as lists: such a table scrolls.
MAX_LISTED = 10
# Rows of a list on one page.
ROWS_SHOWN = 200

Row = TypeVar("Row")


def columns_class(columns: Sequence[Markup]) -> str:
    """Return the classes of a table by its numbers of columns on phones and on other screens."""
    narrow = sum(HIDDEN_ON_PHONES not in one for one in columns)
    numbers = ("columns", narrow), ("all", len(columns))
    return " ".join(f"{name}-{n}" for name, n in numbers if n <= MAX_LISTED)


def name_cells(rows: Markup, columns: Sequence[Markup]) -> Markup:
    """Add the name of its column to every cell of rows in HTML, as `data-column`."""
    names = [one.striptags() for one in columns]
    at = 0

    def name(found: re.Match[str]) -> str:
        nonlocal at
        tag, attributes = found[0], found[1]
        if tag == "<tr":
            at = 0
            return tag
        column, span = at, SPAN.search(tag)
        at += int(span[1]) if span else 1
        if attributes is None or span or column >= len(names) or not names[column]:
            return tag
        return str(Markup('<td data-column="{}"').format(names[column])) + attributes + ">"

    return Markup(ROW_OR_CELL.sub(name, rows))  # noqa: S704 # escaped by the template


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Row]):
    """The rows of a page of a list, with the numbers of the pages beside it."""

    rows: Sequence[Row]
    first: int  # the number of the first row, from 1
    total: int
    previous: int | None
    next: int | None


def list_page(rows: Sequence[Row], number: int) -> ListPage[Row]:
    """Return a page of a list by its number, from 1; the last one for a number beyond it."""
    last = max(1, -(-len(rows) // ROWS_SHOWN))
    number = min(number, last)
    start = (number - 1) * ROWS_SHOWN
    return ListPage(
        rows=rows[start : start + ROWS_SHOWN],
        first=start + 1,
        total=len(rows),
        previous=number - 1 if number > 1 else None,
        next=number + 1 if number < last else None,
    )
