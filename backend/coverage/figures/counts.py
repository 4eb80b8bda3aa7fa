"""Counts by unit and fate, read from what measurements keep in step, and added up."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.database.extensions import db
from backend.measurements.recording.reasons import COUNTED, COUNTED_BY_ADMIN, NOT_VALID

# Folded counts of the month, and the deltas of it that still wait: exact at any moment.
BY_UNIT = text("""
    select unit_id, fate, sum(n)::int as n from (
        select unit_id, fate, n from counts
        where month = :month and day is null and network = :network
        union all
        select unit_id, fate, n from count_deltas
        where day between :first and :last and network = :network
    ) both_parts group by 1, 2
""")


@dataclass(slots=True)
class Tally:
    """The three numbers of one place, and how many met each fate."""

    fates: Counter[str] = field(default_factory=Counter)

    @property
    def received(self) -> int:
        return self.fates.total()

    @property
    def valid(self) -> int:
        return sum(n for fate, n in self.fates.items() if fate not in NOT_VALID)

    @property
    def counted(self) -> int:
        return self.fates[COUNTED] + self.fates[COUNTED_BY_ADMIN]

    def reasons(self) -> dict[str, int]:
        """How many were lost to each main reason, the largest first."""
        lost = {f: n for f, n in self.fates.items() if n and f not in (COUNTED, COUNTED_BY_ADMIN)}
        return dict(sorted(lost.items(), key=lambda pair: (-pair[1], pair[0])))


def by_unit(month: str, network: str) -> dict[int | None, Tally]:
    """The tally of every unit that received something in a month; None is "in no commune"."""
    span = {"month": month, "first": month_start(month), "last": month_end(month)}
    tallies: dict[int | None, Tally] = defaultdict(Tally)
    for row in db.session.execute(BY_UNIT, {**span, "network": network}):
        tallies[row.unit_id].fates[row.fate] += row.n
    return tallies


def total(tallies: Iterable[Tally]) -> Tally:
    """Add tallies up."""
    result = Tally()
    for tally in tallies:
        result.fates.update(tally.fates)
    return result
