"""What can be asked of coverage."""

from dataclasses import dataclass
from datetime import date

from backend.accounts.access import Actor
from backend.clock import month_start
from backend.errors import invalid

# A year is what officials compare; each month of the country is a list of thousands.
MONTHS_MOST = 12


@dataclass(frozen=True, slots=True)
class Question:
    """Which units of which month or months, on which network; in what order, and how many."""

    month: str  # the only one, or the last of a range
    level: str | None = "commune"  # None: that of `unit`
    network: str = "mobile"
    parent: str | None = None  # the code of a province or district: the units below it
    unit: str | None = None  # the code of a unit: itself alone
    since: str | None = None  # the first month of a range
    filter: str | None = None  # lacking, reached, on_pace, behind
    sort: str | None = None  # a column; with a minus before it the largest first
    limit: int | None = None
    cursor: str | None = None
    reader: Actor | None = None  # who is to see the answer; None: the software itself

    def months(self, today: date) -> list[str]:
        """The months asked for, the earliest first; 422 for what has not begun."""
        if month_start(self.month) > today:
            raise invalid("to" if self.since else "month", "month_in_future")
        months = months_between(self.since or self.month, self.month)
        if not months or len(months) > MONTHS_MOST:
            raise invalid("from", "out_of_range")
        return months


def months_between(first: str, last: str) -> list[str]:
    """The months from one to another, both included."""
    number, end = _number(first), _number(last)
    return [f"{n // 12:04}-{n % 12 + 1:02}" for n in range(number, min(end, number + 1200) + 1)]


def month_before(month: str) -> str:
    """The month before one."""
    number = _number(month) - 1
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _number(month: str) -> int:
    year, _, count = month.partition("-")
    return int(year) * 12 + int(count) - 1
