"""The figures of a contribution: every page, file and ranking takes them from `figures`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, text

from backend.clock import VIETNAM
from backend.coverage import contribution_sources as sources
from backend.coverage.contribution_sources import Asked
from backend.coverage.needed import COUNTED_FATES, Targets
from backend.extensions import db
from backend.measurements.reasons import NOT_VALID, UNLOCATED

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
    from fates where (team, key) > (:after_team, :after_key)
    group by 1, 2 having bool_or(n <> 0) order by 1, 2 limit :most
"""
ACTIVITY = """
    select team, key, count(*)::int as active_days, max(day) as last_day from (
        select team, key, day from ({source}) rows group by 1, 2, 3 having sum(n) > 0
    ) days group by 1, 2
"""
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
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows: so many after a key."""

    after: Key = (-1, -1)
    most: int | None = None


def figures(asked: Asked, targets: Targets, page: Page | None = None) -> dict[Key, Figures]:
    """The figures by key; `needed.refresh` has been asked for the months, and gave the targets."""
    rows = _counts(asked, page or Page())
    found = {
        (row.team, row.key): Figures(
            row.received, row.valid, row.counted, row.guests, row.unlocated,
            reasons=_ordered(row.reasons or {}),
        )
        for row in rows
    }  # fmt: skip
    if found:
        _add_needed(asked, targets, found)
        _add_presence(asked, found)
    return found


def total(asked: Asked, targets: Targets) -> Figures:
    """The same over everything in one row; what is told apart by rows adds up to it."""
    everything = {name: getattr(asked, name) for name in asked.__slots__} | {"by": "campaign"}
    whole = figures(Asked(**everything), targets)
    return whole.get((0, 0)) or Figures()


def _counts(asked: Asked, page: Page) -> Sequence[Row[Any]]:
    first, last = asked.first.toordinal(), asked.last.toordinal()
    values = {
        **asked.values(),
        "first_key": first,
        "last_key": last,
        "not_valid": sorted(NOT_VALID),
        "counted": COUNTED_FATES,
        "unlocated": list(UNLOCATED),
        "after_team": page.after[0],
        "after_key": page.after[1],
        "most": page.most,
    }
    statement = text(COUNTS.format(source=sources.counts(asked)))
    return db.session.execute(statement, values).all()


def _add_needed(asked: Asked, targets: Targets, found: Mapping[Key, Figures]) -> None:
    """Fill in needed and helped, where any of the networks has a target."""
    known = any(targets.get((m, n)) is not None for m in asked.months for n in asked.networks)
    if not known:
        return
    for one in found.values():
        one.needed = one.helped = 0
    statement = text(sources.needed(asked))
    for row in db.session.execute(statement, asked.values()):
        if (key := (row.team, row.key)) in found:
            found[key].needed, found[key].helped = row.n, row.helped


def _add_presence(asked: Asked, found: Mapping[Key, Figures]) -> None:
    """Fill in active days, the last of them and devices."""
    if asked.by == "day":
        for (_, ordinal), one in found.items():
            one.active_days, one.last_day = 1, date.fromordinal(ordinal)
        return
    values = asked.values() | _of_page(found)
    days = text(ACTIVITY.format(source=sources.activity(asked)))
    for row in db.session.execute(days, values):
        if (key := (row.team, row.key)) in found:
            found[key].active_days, found[key].last_day = row.active_days, row.last_day
    if asked.by == "unit":
        return
    for one in found.values():
        one.devices = 0
    phones = text(DEVICES.format(source=sources.devices(asked)))
    for row in db.session.execute(phones, values | _moments(asked)):
        if (key := (row.team, row.key)) in found:
            found[key].devices = row.devices


def _of_page(found: Mapping[Key, Figures]) -> dict[str, Any]:
    return {
        "page_teams": sorted({team for team, _ in found}),
        "page_keys": sorted({key for _, key in found}),
    }


def _moments(asked: Asked) -> dict[str, datetime]:
    begins = datetime.combine(asked.first, time(), VIETNAM)
    return {
        "begins": begins,
        "ends": datetime.combine(asked.last + timedelta(days=1), time(), VIETNAM),
    }


def _ordered(reasons: Mapping[str, int]) -> dict[str, int]:
    """The largest loss first."""
    return dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
