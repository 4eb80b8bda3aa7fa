"""Counts by unit and category, read from the tables that measurements keep up to date."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.database.extensions import db
from backend.measurements.recording.reasons import COUNTED, COUNTED_BY_ADMIN, NOT_VALID

# Folded counts of the month plus the deltas that are not folded yet: exact at any moment.
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
    """Samples of one place by category, with the three numbers derived from them."""

    by_category: Counter[str] = field(default_factory=Counter)

    @property
    def received(self) -> int:
        return self.by_category.total()

    @property
    def valid(self) -> int:
        return sum(n for category, n in self.by_category.items() if category not in NOT_VALID)

    @property
    def counted(self) -> int:
        return self.by_category[COUNTED] + self.by_category[COUNTED_BY_ADMIN]


def by_unit(month: str, network: str) -> dict[int | None, Tally]:
    """Return the tally of every commune with samples in a month; None is "in no commune"."""
    span = {"month": month, "first": month_start(month), "last": month_end(month)}
    tallies: dict[int | None, Tally] = defaultdict(Tally)
    for row in db.session.execute(BY_UNIT, {**span, "network": network}):
        tallies[row.unit_id].by_category[row.fate] += row.n
    return tallies


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies."""
    result = Tally()
    for tally in tallies:
        result.by_category.update(tally.by_category)
    return result
