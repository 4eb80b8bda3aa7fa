"""The figures of contributions: every page, file and ranking takes them from here.

They are sums that `statements.py` reads.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, TextClause

from backend.clock import local_day
from backend.coverage.contributions.query import ALL_NETWORKS, ContributionQuery
from backend.coverage.contributions.statements import (
    DEVICES,
    HAS_TARGET,
    HELPED,
    HELPED_BY_DAY,
    HELPED_BY_MEMBER,
    LONE_SINCE,
    OF_DAYS,
    OF_EARNINGS,
    OF_GROUPS,
    OF_MEMBERS,
    OF_SPANS,
    OF_UNITS,
    RESIDENTS,
    WITH_ISPEED,
)
from backend.coverage.figures.public_counts import MIN_PHONES
from backend.database.extensions import db
from backend.measurements.recording.archived import archived_months, require_rows
from backend.measurements.recording.earning_sums import TEAM_COLUMNS
from backend.measurements.recording.reasons import COUNTED_CATEGORIES, NOT_VALID, UNLOCATED

Key = tuple[int, int]  # id of the team (0 where rows are not by team), id of the subject
FIRST: Key = (-1, -1)  # before all keys

# Teams earn samples of devices only.
TEAM_PARTS = ("witnessed", "ticketed", "claimed")


@dataclass(slots=True)
class Figures:
    """The figures of one row of contributions."""

    received: int = 0
    valid: int = 0
    counted: int = 0
    guests: int = 0  # of the counted, by residents whom a volunteer helped
    # These residents, each once; None: by member, unit and day, of a network, in parts of months
    residents: int | None = None
    # Of the counted, those beside which the phone ran i-Speed too; None: of archived months
    with_ispeed: int | None = None
    unlocated: int = 0
    needed: int | None = None  # None: there is no target
    helped: int | None = None  # communes that reached the target with needed samples of this row
    devices: int | None = None  # None: unknown by unit and by day
    active_days: int = 0
    last_day: date | None = None
    reasons: dict[str, int] = field(default_factory=dict)  # the most frequent first
    by_assurance: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TEAM_PARTS, 0))

    def serialize(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def figures(
    query: ContributionQuery, after: Key = FIRST, most: int | None = None
) -> dict[Key, Figures]:
    """Return all figures by key; of a page at most `most` rows after a key."""
    found = sums(query, after, most)
    if any(one.needed is not None for one in found.values()):
        _add_helped(query, found)
    if query.by not in ("unit", "day"):
        _add_devices(query, found)
    _add_ispeed(query, found)
    every_network = query.networks == ALL_NETWORKS
    if query.whole and every_network and query.by in ("team", "organisation", "campaign"):
        _add_residents(query, found)
    return found


def total(query: ContributionQuery) -> Figures:
    """Return the figures of all rows together; no samples are 0 towards a target."""
    found = figures(replace(query, by="campaign")).get((0, 0))
    if found:
        return found
    return Figures(needed=0 if db.session.scalar(HAS_TARGET, query.values()) else None)


def sums(
    query: ContributionQuery, after: Key = FIRST, most: int | None = None
) -> dict[Key, Figures]:
    """Return the figures by key without helped communes and devices.

    Fast enough to be requested by each phone after each test.
    """
    lone = _lone_samples(query, query.hour) if query.hour else []
    values = {
        "after_team": after[0],
        "after_key": after[1],
        "most": most and most + len(lone),  # units of which nothing is left are no rows
        "not_valid": sorted(NOT_VALID),
        "counted": list(COUNTED_CATEGORIES),
    }
    rows = _read(_statement_of(query), query, values)
    has_target = bool(rows) and db.session.scalar(HAS_TARGET, query.values())
    found = {(row.team, row.key): _figures(row, has_target) for row in rows}
    for row in lone:
        if (key := (0, row.unit)) in found:
            _leave_out(found[key], row)
    for unit, emptied in {row.unit: row for row in lone if row.days}.items():
        if one := found.get((0, unit)):
            one.active_days -= emptied.days
            one.last_day = emptied.last_day
    return dict([pair for pair in found.items() if pair[1].received][:most])


def _lone_samples(query: ContributionQuery, hour: datetime) -> Sequence[Row[Any]]:
    """Return the samples of phones that others could follow since an hour, by unit and verdict."""
    values = {"hour": hour, "recent": local_day(hour - timedelta(hours=1)), "phones": MIN_PHONES}
    return _read(LONE_SINCE, query, values)


def _leave_out(figures: Figures, row: Row[Any]) -> None:
    """Take a unit's samples of one verdict out of its figures."""
    figures.received -= row.n
    figures.valid -= row.n if row.category not in NOT_VALID else 0
    if row.category in COUNTED_CATEGORIES:
        figures.counted -= row.n
        figures.guests -= row.n if row.guest else 0
        figures.by_assurance[TEAM_COLUMNS[row.category]] -= row.n
    else:
        figures.reasons[row.category] -= row.n
        left = ((code, n) for code, n in figures.reasons.items() if n)
        figures.reasons = _most_first(left)
    if figures.needed is not None and row.needed:
        figures.needed -= row.n


def _statement_of(query: ContributionQuery) -> TextClause:
    if query.by == "day":
        return OF_DAYS
    if query.whole:
        return {"member": OF_MEMBERS, "unit": OF_UNITS}.get(query.by, OF_GROUPS)
    if query.by not in ("member", "unit"):
        return OF_SPANS
    require_rows(*query.months)  # of others there are sums of whole months alone
    return OF_EARNINGS


def _read(
    statement: TextClause, query: ContributionQuery, values: Mapping[str, object]
) -> Sequence[Row[Any]]:
    return db.session.execute(statement, {**query.values(), **values}).all()


def _figures(row: Row[Any], has_target: bool) -> Figures:
    n = row._mapping
    lost = [
        (code, n[name])
        for code, name in TEAM_COLUMNS.items()
        if n[name] and code not in COUNTED_CATEGORIES
    ]
    return Figures(
        received=row.received,
        valid=row.valid,
        counted=row.counted,
        guests=row.guests,
        unlocated=sum(n[TEAM_COLUMNS[code]] for code in UNLOCATED),
        needed=row.needed if has_target else None,
        active_days=row.active_days,
        last_day=row.last_day,
        reasons=_most_first(lost),
        by_assurance={part: n[part] for part in TEAM_PARTS},
    )


def _most_first(lost: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(sorted(lost, key=lambda pair: (-pair[1], pair[0])))


def _add_helped(query: ContributionQuery, found: Mapping[Key, Figures]) -> None:
    """Fill in the communes that reached the target with needed samples of each row."""
    for figures in found.values():
        figures.helped = 0
    if query.by == "day":
        rows = _read(HELPED_BY_DAY, query, {})
    elif query.by == "member":
        teams = [team for team, _ in found]
        span = {"first_team": min(teams), "last_team": max(teams)}
        rows = _read(HELPED_BY_MEMBER, query, span)
    else:
        rows = _read(HELPED, query, {})
    for row in rows:
        if (key := (row.team, row.key)) in found:
            found[key].helped = row.helped


def _add_devices(query: ContributionQuery, found: Mapping[Key, Figures]) -> None:
    """Fill in the devices that are linked to the people who measured."""
    for figures in found.values():
        figures.devices = 0
    for row in _read(DEVICES, query, {}):
        if (key := (row.team, row.key)) in found:
            found[key].devices = row.devices


def _add_ispeed(query: ContributionQuery, found: Mapping[Key, Figures]) -> None:
    """Fill in the samples with a pair; by unit until the day before, so that nobody is followed."""
    if not found or not archived_months().isdisjoint(query.months):
        return
    for figures in found.values():
        figures.with_ispeed = 0
    before = query.hour and local_day(query.hour)
    for row in _read(WITH_ISPEED, query, {"before": before, "counted": list(COUNTED_CATEGORIES)}):
        if (key := (row.team, row.key)) in found:
            found[key].with_ispeed = min(row.samples, found[key].counted)


def _add_residents(query: ContributionQuery, found: Mapping[Key, Figures]) -> None:
    """Fill in the residents whom the teams helped; a number alone, in no rank."""
    for figures in found.values():
        figures.residents = 0
    for row in _read(RESIDENTS, query, {}):
        if (key := (row.team, row.key)) in found:
            found[key].residents = row.residents
