"""The figures of contributions: every page, file and ranking takes them from here.

They are sums of `earning_sums`. Whole months by unit are its rows by unit, by day those by day; by
member, team, organisation and campaign those by member. Of parts of a month they are its rows by
day; by member and by unit they are summed from `earnings`.
"""

# ruff: noqa: S608 # statements are composed of names in this file; values are bound

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from backend.clock import month_start
from backend.coverage.contributions.query import ContributionQuery
from backend.database.extensions import db
from backend.measurements.recording.archived import require_rows
from backend.measurements.recording.earnings import TEAM_COLUMNS
from backend.measurements.recording.reasons import COUNTED_CATEGORIES, NOT_VALID, UNLOCATED

Key = tuple[int, int]  # id of the team (0 where rows are not by team), id of the subject
FIRST: Key = (-1, -1)  # before all keys

# Team and subject of a row; the subject of a day is its ordinal.
KEYS = {
    "team": ("c.team_id", "0::bigint"),
    "member": ("c.team_id", "c.key"),
    "unit": ("0", "c.key"),
    "day": ("0", "c.key"),
    "organisation": ("0", "t.organisation_id::bigint"),
    "campaign": ("0", "0::bigint"),
}
# The key of an earning in the rows of `earning_sums` by member and by unit.
EARNED_KEYS = {
    "member": "coalesce(e.volunteer_id, 0)::bigint",
    "unit": "coalesce(e.unit_id, 0)::bigint",
}
# Teams earn samples of devices only.
TEAM_PARTS = ("witnessed", "ticketed", "claimed")
SUMS = ("received", "valid", "counted", "guests", "needed", *TEAM_COLUMNS.values())
_BY_CATEGORY = ", ".join(
    f"sum(n) filter (where category = '{code}') as {name}" for code, name in TEAM_COLUMNS.items()
)

# The months of a query, and a bit for each of their days in it.
SPANS = """
    select * from unnest(cast(:months as text[]), cast(:bits as bigint[])) as span (month, bits)
"""
STORED = """
    select s.* from earning_sums s where s.grain = '{grain}' and s.month = any(:months)
        and (s.grain <> 'day' or s.key between :first_key and :last_key)
"""
# Earnings as rows of `earning_sums`; by category first, which is faster.
SUMMED = f"""
    select campaign_id, to_char(day_before + 1, 'YYYY-MM') as month, team_id, key, network,
        bit_or(days) as days, sum(n) as received,
        sum(n) filter (where category <> all(:not_valid)) as valid,
        sum(n) filter (where category = any(:counted)) as counted,
        sum(n) filter (where category = any(:counted) and guest) as guests,
        sum(needed) as needed,
        {_BY_CATEGORY}
    from (
        select e.campaign_id, e.day - extract(day from e.day)::int as day_before, e.team_id,
            {{key}} as key, e.network, e.category, e.guest, count(*) as n,
            count(*) filter (where e.needed) as needed,
            bit_or(1::bigint << (extract(day from e.day)::int - 1)) as days
        from earnings e where e.day between :first and :last group by 1, 2, 3, 4, 5, 6, 7
    ) categories group by 1, 2, 3, 4, 5
"""
# Rows are ordered by their keys and start after a key: keyset pagination.
ROWS = f"""
    with monthly as (
        select {{team}} as team, {{key}} as key, c.month, bit_or(c.days) as days,
            {", ".join(f"sum(c.{name}) as {name}" for name in SUMS)}
        from ({{source}}) c {{joined}} where {{where}} group by 1, 2, 3
    )
    select team, key, jsonb_object_agg(month, days) as days,
        {", ".join(f"coalesce(sum({name}), 0)::int as {name}" for name in SUMS)}
    from monthly where (team, key) > (:after_team, :after_key)
    group by 1, 2 having sum(received) <> 0 order by 1, 2 limit :most
"""
IN_FORCE = """
    level = 'commune' and purpose = 'target' and network = any(:networks)
        and valid_from <= {day} and (valid_to is null or valid_to >= {day})
"""
HAS_TARGET = text(f"""
    select exists (
        select from targets, unnest(cast(:month_ends as date[])) as month_end
        where unit_id is null and {IN_FORCE.format(day="month_end")}
    )
""")
# Communes that reached the target in force at the end of the month.
REACHED = f"""
    with ends as (
        select * from unnest(cast(:months as text[]), cast(:month_ends as date[])) as e (month, day)
    ), goals as (
        select ends.month, network, unit_id, threshold as samples
        from ends join targets on {IN_FORCE.format(day="ends.day")}
    ), reached as (
        select m.month, m.network, m.unit_id
        from unit_months m
        left join goals g on (g.month, g.network) = (m.month, m.network) and g.unit_id is null
        left join goals own on (own.month, own.network, own.unit_id)
            = (m.month, m.network, m.unit_id)
        where m.month = any(:months) and m.network = any(:networks)
            and m.counted >= case when own.month is null then g.samples else own.samples end
    )
"""
# Those with needed samples of a row, and the days of these samples.
BY_DAYS = f"""
    {REACHED}, communes as (
        select {{team}} as team, {{key}} as key, c.key as unit_id, c.month, c.network,
            bit_or(c.needed_days & span.bits) as days
        from ({SPANS}) span join earning_sums c on c.month = span.month
            and c.needed_days & span.bits <> 0
        {{joined}} where {{where}} and c.grain = 'unit' group by 1, 2, 3, 4, 5
    )
    select {{result}}, count(*)::int as helped
    from communes join reached using (month, network, unit_id) group by 1, 2
"""
BY_MEMBER = f"""
    {REACHED}, communes as (
        select distinct c.team_id as team, coalesce(c.volunteer_id, 0)::bigint as key, c.unit_id,
            c.network, c.day - extract(day from c.day)::int as day_before
        from earnings c
        where {{where}} and c.needed and c.day between :first and :last
            and c.team_id between :first_team and :last_team
    )
    select c.team, c.key, count(*)::int as helped
    from communes c join reached r on r.network = c.network and r.unit_id = c.unit_id
        and r.month = to_char(c.day_before + 1, 'YYYY-MM')
    group by 1, 2
"""
DEVICES = f"""
    select team, key, count(*)::int as devices from (
        select distinct {{team}} as team, {{key}} as key, l.device_id
        from ({SPANS}) span join earning_sums c on c.month = span.month
            and c.days & span.bits <> 0
        {{joined}} join device_links l on l.volunteer_id = c.key
            and l.period && tstzrange(:begins, :ends)
        where {{where}} and c.grain = 'member'
    ) phones group by 1, 2
"""


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
    return found


def total(query: ContributionQuery) -> Figures:
    """Return the figures of all rows together."""
    return figures(replace(query, by="campaign")).get((0, 0)) or Figures()


def sums(
    query: ContributionQuery, after: Key = FIRST, most: int | None = None
) -> dict[Key, Figures]:
    """Return the figures by key without helped communes and devices.

    Fast enough to be requested by each phone after each test.
    """
    values = {
        "after_team": after[0],
        "after_key": after[1],
        "most": most,
        "not_valid": sorted(NOT_VALID),
        "counted": list(COUNTED_CATEGORIES),
    }
    if query.by in EARNED_KEYS and not query.whole:
        require_rows(*query.months)  # of others there are sums of whole months alone
        source = SUMMED.format(key=EARNED_KEYS[query.by])
    elif query.by in (*EARNED_KEYS, "day"):
        source = STORED.format(grain=query.by)
    else:
        source = STORED.format(grain="member" if query.whole else "day")
    rows = _read(ROWS, query, values, source=source)
    has_target = bool(rows) and db.session.scalar(HAS_TARGET, query.values())
    return {(row.team, row.key): _figures(row, has_target) for row in rows}


def _read(
    statement: str, query: ContributionQuery, values: Mapping[str, object], **parts: str
) -> Sequence[Row[Any]]:
    """Read a statement with the keys of rows and the condition of a query put into it."""
    team, key = KEYS[query.by]
    where = "c.campaign_id = :campaign and c.network = any(:networks)"
    if query.teams is not None:
        where += " and c.team_id = any(:teams)"
    joined = "join teams t on t.id = c.team_id" if query.by == "organisation" else ""
    composed = statement.format(team=team, key=key, where=where, joined=joined, **parts)
    return db.session.execute(text(composed), {**query.values(), **values}).all()


def _figures(row: Row[Any], has_target: bool) -> Figures:
    n = row._mapping
    lost = [
        (code, n[name])
        for code, name in TEAM_COLUMNS.items()
        if n[name] and code not in COUNTED_CATEGORIES
    ]
    days = {month: bits for month, bits in row.days.items() if bits}
    last = max(days, default=None)
    return Figures(
        received=row.received,
        valid=row.valid,
        counted=row.counted,
        guests=row.guests,
        unlocated=sum(n[TEAM_COLUMNS[code]] for code in UNLOCATED),
        needed=row.needed if has_target else None,
        active_days=sum(bits.bit_count() for bits in days.values()),
        last_day=month_start(last).replace(day=days[last].bit_length()) if last else None,
        reasons=dict(sorted(lost, key=lambda pair: (-pair[1], pair[0]))),
        by_assurance={part: n[part] for part in TEAM_PARTS},
    )


def _add_helped(query: ContributionQuery, found: Mapping[Key, Figures]) -> None:
    """Fill in the communes that reached the target with needed samples of each row.

    By team, unit, day and organisation they are those of the rows of teams and units, which have
    the days of needed samples. By member they are those of the needed earnings.
    """
    for one in found.values():
        one.helped = 0
    if query.by == "day":
        rows = _read(BY_DAYS, replace(query, by="campaign"), {}, result="month, days")
        for (_, ordinal), one in found.items():
            day = date.fromordinal(ordinal)
            month, bit = f"{day:%Y-%m}", 1 << (day.day - 1)
            one.helped = sum(row.helped for row in rows if row.month == month and row.days & bit)
        return
    if query.by == "member":
        teams = [team for team, _ in found]
        rows = _read(BY_MEMBER, query, {"first_team": min(teams), "last_team": max(teams)})
    else:
        rows = _read(BY_DAYS, query, {}, result="team, key")
    for row in rows:
        if (key := (row.team, row.key)) in found:
            found[key].helped = row.helped


def _add_devices(query: ContributionQuery, found: Mapping[Key, Figures]) -> None:
    """Fill in the devices that are linked to the people who measured."""
    for one in found.values():
        one.devices = 0
    for row in _read(DEVICES, query, {}):
        if (key := (row.team, row.key)) in found:
            found[key].devices = row.devices
