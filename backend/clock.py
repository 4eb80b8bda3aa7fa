"""Time: stored aware in UTC; days and months are those of Vietnam."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

Clock = Callable[[], datetime]

# Asia/Ho_Chi_Minh has had no other offset and no summer time since 1975.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


def utc_now() -> datetime:
    return datetime.now(UTC)


def local_day(moment: datetime) -> date:
    """Return the day of a time in Vietnam."""
    return moment.astimezone(VIETNAM).date()


def this_month(now: datetime) -> str:
    """Return the present month in Vietnam as YYYY-MM."""
    return f"{local_day(now):%Y-%m}"


def day_begin(day: date) -> datetime:
    """Return the time at which a day begins in Vietnam."""
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM)


def month_start(month: str) -> date:
    """Return the first day of a month YYYY-MM; ValueError for other texts."""
    try:
        if len(month) != len("YYYY-MM"):
            raise ValueError
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise ValueError(f"{month!r} is not a month of the form YYYY-MM") from None


def month_end(month: str) -> date:
    """Return the last day of a month YYYY-MM."""
    first = month_start(month)
    next_first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return next_first - timedelta(days=1)


def months_between(first: str, last: str) -> list[str]:
    """Return the months of a range, including both ends."""
    number, end = _month_number(first), _month_number(last)
    return [f"{n // 12:04}-{n % 12 + 1:02}" for n in range(number, min(end, number + 1200) + 1)]


def month_before(month: str) -> str:
    """Return the previous month."""
    number = _month_number(month) - 1
    return f"{number // 12:04}-{number % 12 + 1:02}"


def month_after(month: str) -> str:
    """Return the following month."""
    return f"{month_end(month) + timedelta(days=1):%Y-%m}"


def _month_number(month: str) -> int:
    year, _, count = month.partition("-")
    return int(year) * 12 + int(count) - 1
