"""The figures of a contribution: every page, file and ranking takes them from `figures`."""

# ruff: noqa: S608 # statements are composed of names in this file; values are bound

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from backend.clock import day_begin
from backend.coverage.contributions.needed import COUNTED_CATEGORIES, Targets
from backend.coverage.contributions.query import ContributionQuery
from backend.database.extensions import db
from backend.measurements.recording.reasons import NOT_VALID, PARTS, UNLOCATED

# The key of a row: two numbers by which rows are ordered; a day is its ordinal.
KEYS = {
    "team": "c.team_id as team, 0::bigint as key",
    "member": "c.team_id as team, coalesce(c.volunteer_id, 0)::bigint as key",
    "unit": "0 as team, coalesce(c.unit_id, 0)::bigint as key",
    "day": "0 as team, (c.day - date '0001-01-01' + 1)::bigint as key",
    "organisation": "0 as team, t.organisation_id::bigint as key",
    "campaign": "0 as team, 0::bigint as key",
}
# Conditions that limit statements to the keys of a page.
PAGE = {
    "member": "and c.team_id between :from_team and :upto_team",
    "unit": "and c.key between :from_key and :upto_key",
}
# Teams earn samples of devices only.
TEAM_PARTS = ("witnessed", "ticketed", "claimed")
WITH_DAYS = "and c.day between :first and :last"


def _joined(by: str) -> str:
    return "join teams t on t.id = c.team_id" if by == "organisation" else ""


def _where(query: ContributionQuery) -> str:
    teams = "and c.team_id = any(:teams)" if query.restricted else ""
    return f"c.campaign_id = :campaign and c.network = any(:networks) {teams}"


def select_counts(query: ContributionQuery) -> str:
    """Select team, key, fate, guest, n: folded counts and pending deltas."""
    key, joined, where = KEYS[query.by], _joined(query.by), _where(query)
    if query.by == "member" and not query.whole:
        # There are no counts by member and day; earnings are always exact.
        rows = f"from earnings c where {where} {WITH_DAYS}"
        return f"select {key}, c.category as fate, c.guest, 1 as n {rows}"
    return f"""
        {_folded(query)}
        union all
        select {key}, c.fate, c.guest, c.n from team_deltas c {joined} where {where} {WITH_DAYS}
    """


def _folded(query: ContributionQuery) -> str:
    key, joined, where = KEYS[query.by], _joined(query.by), _where(query)
    over_teams = query.by in ("day", "campaign") or (query.by == "unit" and query.whole)
    if over_teams and not query.restricted:
        grain = "unit" if query.by == "unit" else "day"
        keys = PAGE["unit"] if grain == "unit" else "and c.key between :first_key and :last_key"
        kept = key if query.by == "campaign" else "0 as team, c.key"
        return f"""
            select {kept}, c.fate, c.guest, c.n from contribution_counts c
            where {where} and c.month = any(:months) and c.grain = '{grain}' {keys}
        """
    by_days = query.by not in ("unit", "member") and (query.by == "day" or not query.whole)
    grain = query.by if query.by in ("unit", "member") else "day" if by_days else "team"
    return f"""
        select {key}, c.fate, c.guest, c.n from team_counts c {joined}
        where {where} and c.month = any(:months) and c.grain = '{grain}'
            {"" if query.whole else WITH_DAYS} {PAGE.get(grain, "") if grain == "member" else ""}
    """


def select_activity(query: ContributionQuery) -> str:
    """Select team, key, day, n: samples received on each day; not for queries by day."""
    where = _where(query)
    key, joined = KEYS[query.by], _joined(query.by)
    pending = f"""
        select {key}, c.day, c.n from team_deltas c {joined} where {where} {WITH_DAYS}
    """
    if query.by == "unit" and query.restricted:
        folded = f"""
            select {key}, c.day, c.n from team_counts c
            where {where} and c.month = any(:months) and c.grain = 'unit' {WITH_DAYS}
        """
        return f"{folded} union all {pending}"
    if query.by == "campaign" and not query.restricted:
        return f"""
            select {key}, date '0001-01-01' - 1 + c.key::int as day, c.n from contribution_counts c
            where {where} and c.month = any(:months) and c.grain = 'day'
                and c.key between :first_key and :last_key
            union all {pending}
        """
    grain = query.by if query.by in ("member", "unit") else "team"
    kept = "c.team_id as team, c.key" if grain in ("member", "unit") else key
    return f"""
        select {kept}, c.day, c.n from contribution_days c {joined}
        where {where} and c.month = any(:months) and c.grain = '{grain}' {WITH_DAYS}
            {PAGE.get(query.by, "")}
        union all {pending}
    """


def select_devices(query: ContributionQuery) -> str:
    """Select team, key, device_id: the devices linked to the active volunteers in the period."""
    key, joined, where = KEYS[query.by], _joined(query.by), _where(query)
    kept = "c.team_id as team, c.key" if query.by == "member" else key
    grain, days = ("people", "") if query.whole else ("member", WITH_DAYS)
    page = PAGE["member"] if query.by == "member" else ""
    folded = f"""
        select {kept}, c.key as volunteer_id from contribution_days c {joined}
        where {where} and c.month = any(:months) and c.grain = '{grain}' and c.n > 0 {days} {page}
    """
    return f"""
        select distinct people.team, people.key, l.device_id from (
            {folded}
            union
            select {key}, c.volunteer_id from team_deltas c {joined}
            where {where} {WITH_DAYS} and c.n > 0
        ) people join device_links l on l.volunteer_id = people.volunteer_id
            and l.period && tstzrange(:begins, :ends)
    """


def select_needed(query: ContributionQuery) -> str:
    """Select team, key, n, helped: needed samples, and their communes that reached the target."""
    where = _where(query)
    if query.whole and query.by in ("member", "team"):
        return _sums(where, query.by, "c.team_id as team, c.key", PAGE.get(query.by, ""))
    if query.whole and not query.restricted and query.by in ("day", "unit"):
        return _sums(where, query.by, "0 as team, c.key", PAGE.get(query.by, ""))
    if query.whole and not query.restricted and query.by == "campaign":
        return _sums(where, "unit", KEYS["campaign"])
    key = KEYS[query.by]
    if query.whole and query.by != "day":
        # The keys of these sums are units.
        key = "0 as team, c.key" if query.by == "unit" else key
        source = f"""
            select {key}, c.key as unit_id, c.month, c.network, c.n, c.helped > 0 as reached
            from needed_sums c {_joined(query.by)}
            where {where} and c.month = any(:months) and c.grain = 'team_unit'
        """
    else:
        source = f"""
            select {key}, c.unit_id, c.month, c.network, c.n, c.reached
            from needed_shares c {_joined(query.by)} where {where} {WITH_DAYS}
        """
    return f"""
        select team, key, sum(n)::int as n,
            (count(*) filter (where reached and n > 0))::int as helped
        from (
            select team, key, unit_id, month, network, sum(n) as n, bool_or(reached) as reached
            from ({source}) rows group by 1, 2, 3, 4, 5
        ) communes group by 1, 2
    """


def _sums(where: str, grain: str, key: str, page: str = "") -> str:
    return f"""
        select team, key, sum(n)::int as n, sum(helped)::int as helped from (
            select {key}, c.n, c.helped from needed_sums c
            where {where} and c.month = any(:months) and c.grain = '{grain}' {page}
        ) kept group by 1, 2
    """


def select_last_key(query: ContributionQuery) -> str:
    """Select the last key that a page can reach, so that no further rows are read."""
    grain = "people" if query.by == "member" else "places"
    return f"""
        select c.team_id as team, c.key from contribution_days c
        where {_where(query)} and c.month = any(:months) and c.grain = '{grain}'
            and (c.team_id, c.key) > (:after_team, :after_key)
        group by 1, 2 order by 1, 2 offset :most limit 1
    """


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
        jsonb_object_agg(fate, n) filter (where n <> 0) as categories
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


def parts_of(categories: Mapping[str, int]) -> dict[str, int]:
    """Return the counted samples by assurance; a withdrawn sample keeps its own in a team."""
    return {part: categories.get(PARTS[part], 0) for part in TEAM_PARTS}


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
    by_assurance: dict[str, int] = field(default_factory=lambda: parts_of({}))

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
    last = db.session.execute(text(select_last_key(query)), values).first()
    return replace(page, upto=(last.team, last.key)) if last else page


def figures(
    query: ContributionQuery, targets: Targets, page: Page | None = None
) -> dict[Key, Figures]:
    """Return the figures by key; `targets` is the result of `needed.refresh` for the months."""
    values = _values(query, page or Page())
    found = _summed(query, values)
    if found:
        # The first and last key of the rows limit further statements.
        teams, keys = [team for team, _ in found], [key for _, key in found]
        values |= {"from_team": min(teams), "upto_team": max(teams)}
        values |= {"from_key": min(keys), "upto_key": max(keys)}
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
    """Return the figures with their sums and reasons, the most frequent reason first."""
    found = {}
    for row in db.session.execute(text(COUNTS.format(source=select_counts(query))), values):
        numbers = row.received, row.valid, row.counted, row.guests, row.unlocated
        n = row.categories or {}
        lost = [(one, n[one]) for one in n if one not in COUNTED_CATEGORIES]
        reasons = dict(sorted(lost, key=lambda pair: (-pair[1], pair[0])))
        found[row.team, row.key] = Figures(*numbers, reasons=reasons, by_assurance=parts_of(n))
    return found


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
    for row in db.session.execute(text(select_needed(query)), values):
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
    long = (query.last - query.first).days >= BITS
    pending = long or db.session.execute(HAS_PENDING, {"campaign": query.campaign_id}).scalar()
    activity = (ACTIVITY if pending else ACTIVITY_FOLDED).format(source=select_activity(query))
    for row in db.session.execute(text(activity), values):
        if (key := (row.team, row.key)) in found:
            found[key].active_days, found[key].last_day = row.active_days, row.last_day
    if query.by == "unit":
        return
    for one in found.values():
        one.devices = 0
    phones = text(DEVICES.format(source=select_devices(query)))
    for row in db.session.execute(phones, values):
        if (key := (row.team, row.key)) in found:
            found[key].devices = row.devices
