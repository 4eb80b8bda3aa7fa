"""Pages of long lists: up to 200 rows are shown whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")

ROWS_SHOWN = 200


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
