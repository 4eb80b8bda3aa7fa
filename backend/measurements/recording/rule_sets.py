"""Which rule set judges a measurement: dated, audited rows of the installation."""

from datetime import datetime, timedelta

from backend.clock import day_begin, month_end
from backend.database.extensions import fetch

SWITCH = "select min(from_at) as from_at from counting_rules where rules = 2"


def switched_at() -> datetime | None:
    """Return the time from which on measurements are judged by rule set 2 when they arrive."""
    [row] = fetch(SWITCH, {})
    begin: datetime | None = row["from_at"]
    return begin


def rule_set_of(month: str) -> int:
    """Return the rule set in force at the end of a month; late samples keep to that of arrival."""
    begin = switched_at()
    ended = day_begin(month_end(month)) + timedelta(days=1)
    return 2 if begin is not None and begin < ended else 1
