"""The figures of a contribution: every page, file and ranking takes them from `figures`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import TextClause, text

from backend.clock import day_begin
from backend.coverage.contributions import statements
from backend.coverage.contributions.needed import COUNTED_CATEGORIES, Targets
from backend.coverage.contributions.query import ContributionQuery
from backend.database.extensions import db
from backend.measurements.recording.reasons import NOT_VALID, UNLOCATED

Key = tuple[int, int]  # id of the team (0 where rows are not by team), id of the subject

# Rows are ordered by their keys and start after a key: keyset pagination.
COUNTS = """
    with categories as (
        select team, key, fate, sum(n)::int as n, (sum(n) filter (where guest))::int as by_guests
        from ({source}) rows group by 1, 2, 3
    )
    select team, key, sum(n)::int as received,
        coalesce(sum(n) filter (where fate <> all(:not_valid)), 0)::int as valid,
        coalesce(sum(n) filter (where fate = any(:counted)), 0)::int as counted,
        coalesce(sum(by_guests) filter (where fate = any(:counted)), 0)::int as guests,
        coalesce(sum(n) filter (where fate = any(:unlocated)), 0)::int as unlocated,
        jsonb_object_agg(fate, n) filter (where n <> 0 and fate <> all(:counted)) as reasons
    from categories
    where (team, key) > (:after_team, :after_key) and (team, key) <= (:upto_team, :upto_key)
    group by 1, 2 having bool_or(n <> 0) order by 1, 2 limit :most
"""
ACTIVITY = """
    select team, key, count(*)::int as active_days, max(day) as last_day from (
        select team, key, day from ({source}) rows group by 1, 2, 3 having sum(n) > 0
    ) days group by 1, 2
"""
# The same in one pass with a bit for each day; exact only if no delta, which may be negative, is
# pending.
ACTIVITY_FOLDED = """
    select team, key, max(day) as last_day,
        bit_count(bit_or(1::bigint << (day - :first))::bit(64))::int as active_days
    from ({source}) rows where n > 0 group by 1, 2
"""
BITS = 63  # of a bigint, without its sign
HAS_PENDING = text("select exists (select from team_deltas where campaign_id = :campaign)")
DEVICES = "select team, key, count(*)::int as devices from ({source}) rows group by 1, 2"


@dataclass(slots=True)
class Figures:
    """The figures of one row of contributions."""

    received: int = 0
    valid: int = 0
    counted: int = 0
    guests: int = 0  # of the counted, by residents whom a volunteer helped
    unlocated: int = 0
    needed: int | None = None  # None: there is no target
    helped: int | None = None  # communes that reached the target with needed samples of this row
    devices: int | None = None  # None: unknown by unit and by day
    active_days: int = 0
    last_day: date | None = None
    reasons: dict[str, int] = field(default_factory=dict)

    def serialize(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


# Larger than any key: ids of teams are `integer`, the others `bigint`.
LAST: Key = (2**31 - 1, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows: at most `most` after the key `after`, none beyond the key `upto`."""

    after: Key = (-1, -1)
    most: int | None = None
    upto: Key = LAST

    def values(self) -> dict[str, Any]:
        """Return the bind values."""
        names = ("after_team", "after_key", "upto_team", "upto_key")
        return dict(zip(names, (*self.after, *self.upto), strict=True)) | {"most": self.most}


def bounded(query: ContributionQuery, page: Page) -> Page:
    """Return the page limited to the last key that it can reach, so that fewer rows are read."""
    many = query.by == "member" or (query.by == "unit" and not query.restricted)
    if page.most is None or not query.whole or not many:
        return page
    values = query.values() | page.values()
    last = db.session.execute(text(statements.last_key(query)), values).first()
    return replace(page, upto=(last.team, last.key)) if last else page


def figures(
    query: ContributionQuery, targets: Targets, page: Page | None = None
) -> dict[Key, Figures]:
    """Return the figures by key; `targets` is the result of `needed.refresh` for the months."""
    values = _values(query, page or Page())
    found = _summed(query, values)
    if found:
        values |= _key_range(query, found)
        _add_needed(query, targets, found, values)
        _add_presence(query, found, values)
    return found


def total(query: ContributionQuery, targets: Targets) -> Figures:
    """Return the figures of all rows together."""
    return figures(replace(query, by="campaign"), targets).get((0, 0)) or Figures()


def sums(query: ContributionQuery) -> dict[Key, Figures]:
    """Return only the sums, by key: fast enough to be requested by each phone after each test."""
    return _summed(query, _values(query, Page()))


def _summed(query: ContributionQuery, values: Mapping[str, Any]) -> dict[Key, Figures]:
    statement = text(COUNTS.format(source=statements.counts(query)))
    return {
        (row.team, row.key): Figures(
            row.received, row.valid, row.counted, row.guests, row.unlocated,
            reasons=_ordered(row.reasons or {}),
        )
        for row in db.session.execute(statement, values)
    }  # fmt: skip


def _values(query: ContributionQuery, page: Page) -> dict[str, Any]:
    return {
        **query.values(),
        **page.values(),
        "from_team": max(page.after[0], 0),
        "from_key": max(page.after[1], 0),
        "first_key": query.first.toordinal(),
        "last_key": query.last.toordinal(),
        "begins": day_begin(query.first),
        "ends": day_begin(query.last + timedelta(days=1)),
        "not_valid": sorted(NOT_VALID),
        "counted": COUNTED_CATEGORIES,
        "unlocated": list(UNLOCATED),
    }


def _key_range(query: ContributionQuery, found: Mapping[Key, Figures]) -> dict[str, int]:
    """Return the first and last key of the rows as bind values, to limit further statements."""
    teams, keys = [team for team, _ in found], [key for _, key in found]
    return {
        "from_team": min(teams), "upto_team": max(teams),
        "from_key": min(keys), "upto_key": max(keys),
    }  # fmt: skip


def _add_needed(
    query: ContributionQuery,
    targets: Targets,
    found: Mapping[Key, Figures],
    values: Mapping[str, Any],
) -> None:
    """Fill in needed and helped, where any of the networks has a target."""
    if all(targets.get((m, n)) is None for m in query.months for n in query.networks):
        return
    for one in found.values():
        one.needed = one.helped = 0
    for row in db.session.execute(text(statements.needed(query)), values):
        if (key := (row.team, row.key)) in found:
            found[key].needed, found[key].helped = row.n, row.helped


def _add_presence(
    query: ContributionQuery, found: Mapping[Key, Figures], values: Mapping[str, Any]
) -> None:
    """Fill in active days, the last active day and devices."""
    if query.by == "day":
        for (_, ordinal), one in found.items():
            one.active_days, one.last_day = 1, date.fromordinal(ordinal)
        return
    for row in db.session.execute(_activity(query), values):
        if (key := (row.team, row.key)) in found:
            found[key].active_days, found[key].last_day = row.active_days, row.last_day
    if query.by == "unit":
        return
    for one in found.values():
        one.devices = 0
    phones = text(DEVICES.format(source=statements.devices(query)))
    for row in db.session.execute(phones, values):
        if (key := (row.team, row.key)) in found:
            found[key].devices = row.devices


def _activity(query: ContributionQuery) -> TextClause:
    long = (query.last - query.first).days >= BITS
    pending = long or db.session.execute(HAS_PENDING, {"campaign": query.campaign_id}).scalar()
    statement = ACTIVITY if pending else ACTIVITY_FOLDED
    return text(statement.format(source=statements.activity(query)))


def _ordered(reasons: Mapping[str, int]) -> dict[str, int]:
    """Return the reasons, most frequent first."""
    return dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
