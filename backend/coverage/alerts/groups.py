"""The group of a unit in a month: what must be done there.

A unit is in the first group that fits, so that each is listed once.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from backend.coverage.figures.month import Month, Numbers
from backend.database.extensions import array_literal, fetch
from backend.measurements.recording.reasons import BASES
from backend.units.service import UnitRow

Group = Literal[
    "not_started",
    "needs_teams",
    "out_of_reach",
    "planned",
    "on_pace",
    "unknown",
    "missed",
    "reached",
    "exempt",
]
# In the order in which pages list them: `missed` only in past months, `exempt` without a target,
# `unknown` where VNNIC's count steers and no table has the commune.
GROUPS: tuple[Group, ...] = (
    "not_started", "needs_teams", "out_of_reach", "planned", "on_pace", "unknown", "missed",
    "reached", "exempt",
)  # fmt: skip
LACKING: frozenset[Group] = frozenset(GROUPS) - {"reached", "exempt"}
# The most samples that a commune of a province had on a day, in each of the three numbers. The
# months come one by one from the key of `unit_months`.
RECORD = """
    with recursive months(month) as (
        select max(month) from unit_months where month <= %(month)s
        union all
        select (select max(month) from unit_months where month < months.month)
        from months where month is not null
    )
    select max(d.received) as received, max(d.valid) as valid, max(d.counted) as counted
    from unit_days d
    where d.month = any(array(select month from months)) and d.network = %(network)s
        and d.unit_id = any(%(communes)s::integer[]) and d.day < %(today)s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts of a unit that decide its group."""

    target: int | None  # samples; None: it has none
    missing: int  # samples to the target
    received: int  # samples of the month; where VNNIC's count steers, those of its table
    days: int  # of the month
    days_left: int  # with the running one; 0: the month is over
    on_pace: bool  # as many samples as expected by now, or by the day of VNNIC's table
    planned: int  # samples that organisers pinned for teams until the end of the month
    record: int | None  # most samples of a commune of the province on a day; None: not read
    unknown: bool = False  # VNNIC's count steers, and no table has the commune

    @property
    def out_of_reach(self) -> bool:
        """Whether more samples a day are needed than any commune of the province ever had.

        Where none ever had a day of the target's pace, the record tells only that nobody tried.
        """
        if self.record is None or self.record * self.days < (self.target or 0):
            return False
        return self.missing > self.record * self.days_left


def unit_group(one: Standing) -> Group:
    """Return the first group that fits a unit."""
    if one.target is None:
        return "exempt"
    if one.unknown:
        return "unknown"
    if not one.missing:
        return "reached"
    if not one.days_left:
        return "missed"
    if one.out_of_reach:
        return "out_of_reach"
    if one.planned >= one.missing:
        return "planned"
    if not one.received:
        return "not_started"
    return "on_pace" if one.on_pace else "needs_teams"


def best_day(month: Month, today: date) -> Numbers | None:
    """Return the most samples that a commune of the month's province had on a day before today.

    In each of the three numbers. None for the country, other levels, and months not running.
    """
    if (
        not isinstance(month.place, UnitRow)
        or month.level != "commune"
        or month.progress.today is None
    ):
        return None
    code = month.place.province_code or month.place.code
    communes = [one for one in month.listing.levels["commune"] if one.province_code == code]
    values = {
        "month": month.month, "network": month.network, "today": today,
        "communes": array_literal(one.id for one in communes),
    }  # fmt: skip
    [row] = fetch(RECORD, values)
    return [row[basis] or 0 for basis in BASES]
