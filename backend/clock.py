"""Time: stored aware in UTC; days and months are those of Vietnam."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

Clock = Callable[[], datetime]

# Asia/Ho_Chi_Minh has had no other offset and no summer time since 1975.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


def utc_now() -> datetime:
    return datetime.now(UTC)


def local_day(moment: datetime) -> date:
    """The day in Vietnam on which a moment lies."""
    return moment.astimezone(VIETNAM).date()


def month_start(month: str) -> date:
    """First day of a month given as YYYY-MM; ValueError for anything else."""
    year, dash, number = month.partition("-")
    if len(year) != 4 or not dash or len(number) != 2 or not (year + number).isdigit():
        raise ValueError(f"{month!r} is not a month of the form YYYY-MM")
    return date(int(year), int(number), 1)


def month_end(month: str) -> date:
    """Last day of a month given as YYYY-MM."""
    first = month_start(month)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return following - timedelta(days=1)
