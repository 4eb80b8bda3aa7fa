"""The figures of a contribution: every page, file and ranking takes them from `figures`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import TextClause, text

from backend.clock import day_begin
from backend.coverage.contributions import sources
from backend.coverage.contributions.needed import COUNTED_FATES, Targets
from backend.coverage.contributions.sources import Asked
from backend.database.extensions import db
from backend.measurements.recording.reasons import NOT_VALID, UNLOCATED

Key = tuple[int, int]  # the team, where a row is a team or of one, and what it is about

# Rows in the order of their keys, from a key on, so that a page can be followed by the next.
COUNTS = """
    with fates as (
        select team, key, fate, sum(n)::int as n, (sum(n) filter (where guest))::int as by_guests
        from ({source}) rows group by 1, 2, 3
    )
    select team, key, sum(n)::int as received,
        coalesce(sum(n) filter (where fate <> all(:not_valid)), 0)::int as valid,
        coalesce(sum(n) filter (where fate = any(:counted)), 0)::int as counted,
        coalesce(sum(by_guests) filter (where fate = any(:counted)), 0)::int as guests,
        coalesce(sum(n) filter (where fate = any(:unlocated)), 0)::int as unlocated,
        jsonb_object_agg(fate, n) filter (where n <> 0 and fate <> all(:counted)) as reasons
    from fates
    where (team, key) > (:after_team, :after_key) and (team, key) <= (:upto_team, :upto_key)
    group by 1, 2 having bool_or(n <> 0) order by 1, 2 limit :most
"""
ACTIVITY = """
    select team, key, count(*)::int as active_days, max(day) as last_day from (
        select team, key, day from ({source}) rows group by 1, 2, 3 having sum(n) > 0
    ) days group by 1, 2
"""
# The same in one pass, a bit for a day, where nothing waits to be folded that could take one away.
ACTIVITY_AT_REST = """
    select team, key, max(day) as last_day,
        bit_count(bit_or(1::bigint << (day - :first))::bit(64))::int as active_days
    from ({source}) rows where n > 0 group by 1, 2
"""
BITS = 63  # of a bigint, without its sign
WAITS = text("select exists (select from team_deltas where campaign_id = :campaign)")
DEVICES = "select team, key, count(*)::int as devices from ({source}) rows group by 1, 2"


@dataclass(slots=True)
class Figures:
    """What somebody contributed."""

    received: int = 0
    valid: int = 0
    counted: int = 0
    guests: int = 0  # of the counted, by residents whom a volunteer helped
    unlocated: int = 0
    needed: int | None = None  # None: there is no target, so nothing is known to lack
    helped: int | None = None  # communes over the line with needed samples of theirs
    devices: int | None = None  # None: not known by unit and by day
    active_days: int = 0
    last_day: date | None = None
    reasons: dict[str, int] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


# No key of ours is as large: those of teams are `integer`, the others `bigint`.
LAST: Key = (2**31 - 1, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows: so many after a key, and none after another."""

    after: Key = (-1, -1)
    most: int | None = None
    upto: Key = LAST

    def values(self) -> dict[str, Any]:
        """What the statements are given."""
        names = ("after_team", "after_key", "upto_team", "upto_key")
        return dict(zip(names, (*self.after, *self.upto), strict=True)) | {"most": self.most}


def bounded(asked: Asked, page: Page) -> Page:
    """The page with the last key that it can reach, where many more may follow."""
    many = asked.by == "member" or (asked.by == "unit" and not asked.restricted)
    if page.most is None or not asked.whole or not many:
        return page
    values = asked.values() | page.values()
    last = db.session.execute(text(sources.bound(asked)), values).first()
    return replace(page, upto=(last.team, last.key)) if last else page


def figures(asked: Asked, targets: Targets, page: Page | None = None) -> dict[Key, Figures]:
    """The figures by key; `needed.refresh` has been asked for the months, and gave the targets."""
    values = _values(asked, page or Page())
    found = _summed(asked, values)
    if found:
        values |= _reach(asked, found)
        _add_needed(asked, targets, found, values)
        _add_presence(asked, found, values)
    return found


def total(asked: Asked, targets: Targets) -> Figures:
    """The same over everything in one row; what is told apart by rows adds up to it."""
    return figures(replace(asked, by="campaign"), targets).get((0, 0)) or Figures()


def sums(asked: Asked) -> dict[Key, Figures]:
    """The sums alone, by key: quick enough for every phone of a team to ask after each test."""
    return _summed(asked, _values(asked, Page()))


def _summed(asked: Asked, values: Mapping[str, Any]) -> dict[Key, Figures]:
    statement = text(COUNTS.format(source=sources.counts(asked)))
    return {
        (row.team, row.key): Figures(
            row.received, row.valid, row.counted, row.guests, row.unlocated,
            reasons=_ordered(row.reasons or {}),
        )
        for row in db.session.execute(statement, values)
    }  # fmt: skip


def _values(asked: Asked, page: Page) -> dict[str, Any]:
    return {
        **asked.values(),
        **page.values(),
        "from_team": max(page.after[0], 0),
        "from_key": max(page.after[1], 0),
        "first_key": asked.first.toordinal(),
        "last_key": asked.last.toordinal(),
        "begins": day_begin(asked.first),
        "ends": day_begin(asked.last + timedelta(days=1)),
        "not_valid": sorted(NOT_VALID),
        "counted": COUNTED_FATES,
        "unlocated": list(UNLOCATED),
    }


def _reach(asked: Asked, found: Mapping[Key, Figures]) -> dict[str, int]:
    """From which row to which: what else is read of them need not be looked for elsewhere."""
    teams, keys = [team for team, _ in found], [key for _, key in found]
    return {
        "from_team": min(teams), "upto_team": max(teams),
        "from_key": min(keys), "upto_key": max(keys),
    }  # fmt: skip


def _add_needed(
    asked: Asked, targets: Targets, found: Mapping[Key, Figures], values: Mapping[str, Any]
) -> None:
    """Fill in needed and helped, where any of the networks has a target."""
    known = any(targets.get((m, n)) is not None for m in asked.months for n in asked.networks)
    if not known:
        return
    for one in found.values():
        one.needed = one.helped = 0
    for row in db.session.execute(text(sources.needed(asked)), values):
        if (key := (row.team, row.key)) in found:
            found[key].needed, found[key].helped = row.n, row.helped


def _add_presence(asked: Asked, found: Mapping[Key, Figures], values: Mapping[str, Any]) -> None:
    """Fill in active days, the last of them and devices."""
    if asked.by == "day":
        for (_, ordinal), one in found.items():
            one.active_days, one.last_day = 1, date.fromordinal(ordinal)
        return
    for row in db.session.execute(_activity(asked), values):
        if (key := (row.team, row.key)) in found:
            found[key].active_days, found[key].last_day = row.active_days, row.last_day
    if asked.by == "unit":
        return
    for one in found.values():
        one.devices = 0
    phones = text(DEVICES.format(source=sources.devices(asked)))
    for row in db.session.execute(phones, values):
        if (key := (row.team, row.key)) in found:
            found[key].devices = row.devices


def _activity(asked: Asked) -> TextClause:
    long = (asked.last - asked.first).days >= BITS
    waits = long or db.session.execute(WAITS, {"campaign": asked.campaign_id}).scalar()
    statement = ACTIVITY if waits else ACTIVITY_AT_REST
    return text(statement.format(source=sources.activity(asked)))


def _ordered(reasons: Mapping[str, int]) -> dict[str, int]:
    """The largest loss first."""
    return dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
