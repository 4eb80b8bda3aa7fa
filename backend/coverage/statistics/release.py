"""Make monthly releases: the public figures of a month apart from its counts.

A release is made once and never computed again, not even for withdrawals: the difference of two
releases would be one person's samples.
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any, TypedDict
from uuid import UUID

import h3
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, text

from backend.accounts.audit import audit_entry
from backend.clock import VIETNAM, day_begin, local_day, month_end, month_start
from backend.coverage.figures.service import months_with_data
from backend.coverage.statistics import no_connection
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics import release_rules as rules
from backend.coverage.statistics.answers import ReleasedCell
from backend.coverage.statistics.group_figures import GroupFigures, Node, figures_of
from backend.coverage.statistics.models import Release, ReleasedFigures, ReleasedNoConnection
from backend.coverage.statistics.quantiles import DEVICE, METRICS, Samples
from backend.coverage.statistics.refresh import COUNTRY, read_samples
from backend.coverage.statistics.stored import ReleasedRow, StoredFigures
from backend.coverage.statistics.week_medians import Median, Moments, joined, week_medians
from backend.database.extensions import (
    db,
    extension,
    fetch,
    follow_indexes,
    owner_session,
    setting,
)
from backend.database.locks import RELEASE_LOCK, hold
from backend.errors import Problem
from backend.measurements.recording.models import DEMO_COMPLETE
from backend.measurements.recording.requirements import assurances_from, counts_from_of
from backend.measurements.recording.rules import NETWORKS
from backend.units.models import Unit

# A cell's centre may lie in the sea this close to the shore; as far as positions are snapped.
SHORE_M = 200.0
# Rows in memory at a time: a month of the country has a million.
CHUNK = 20_000
# Five decimals are a metre.
DECIMALS = 5
WEEKDAYS, DAY_HOURS = 7, 24
# Stands for the person of a device whose first sample arrives while a release is made.
NEW_PERSON = -(2**62)

People = Mapping[UUID, int]  # the person of each device, as in release_rules
Ints = NDArray[np.int64]


# Volunteers need the assurance that was required at the end of the month: a script that only claims
# samples cannot bring four people to the one whose cell it wants to see.
PEOPLE = text("""
    with active as (
        select device_id, array_agg(distinct day) filter (
            where counted and coalesce(assurance, 'claimed') = any(:proven)
                and (host is null or host <> all(array(
                    select number from measuring_hosts where operator is not null)))
            ) as days
        from measurements
        where day between :first and :last and counted and device_id is not null
            and (cast(:devices as uuid[]) is null or device_id = any(:devices)) group by 1
    )
    select a.device_id, a.days, d.registered_at, l.volunteer_id, coalesce(g.guest, false) as guest
    from active a
    left join devices d on d.id = a.device_id
    left join lateral (
        select volunteer_id from device_links
        where device_id = a.device_id and period && tstzrange(:begin, :end)
        order by lower(period) desc limit 1
    ) l on true
    left join lateral (
        select bool_and(guest_of is not null) as guest from memberships m
        where m.volunteer_id = l.volunteer_id and lower(m.period) < :end
    ) g on true
    order by a.device_id
""")
# Devices with the other phones of their persons.
LINKED = text("""
    select unnest(cast(:devices as uuid[])) union
    select o.device_id from device_links l join device_links o on o.volunteer_id = l.volunteer_id
    where l.device_id = any(:devices)
""")
SAMPLES = """
    select unit_id, operator, technology, count(*)::int as n,
        string_agg(float8send(coalesce(
            case when not 'capped' = any(marks) then download_mbps end,
            'NaN')), '') as download_mbps,
        string_agg(float8send(coalesce(
            case when not 'capped' = any(marks) then upload_mbps end,
            'NaN')), '') as upload_mbps,
        string_agg(float8send(coalesce(ping_ms, 'NaN')), '') as ping_ms,
        string_agg(float8send(coalesce(jitter_ms, 'NaN')), '') as jitter_ms,
        string_agg(float8send(coalesce(ping_download_ms, 'NaN')), '') as ping_download_ms,
        string_agg(float8send(coalesce(ping_upload_ms, 'NaN')), '') as ping_upload_ms,
        string_agg(uuid_send(coalesce(
            device_id, '00000000-0000-0000-0000-000000000000')), '') as devices,
        string_agg(int8send(
            (coalesce(unit_id, 0)::int8 << 39) + extract(day from day)::int8
            + (coalesce(case when device_id is not null then team_id end, 0)::int8 << 5)
        ), '') as outings
    from measurements
    left join (
        select measurement_id as id, min(team_id) as team_id
        from earnings where day between %(first)s and %(last)s group by measurement_id
    ) teams using (id)
    where day between %(first)s and %(last)s and network = %(network)s and counted
        and (host is null or host <> all(array(
            select number from measuring_hosts where operator is not null)))
        and unit_id is not null
    group by unit_id, operator, technology order by unit_id, operator, technology
"""
# The metrics in the order of METRICS.
POSITIONS = text("""
    select latitude, longitude, device_id, extract(day from day)::int as outing,
        case when not 'capped' = any(marks) then download_mbps end,
        case when not 'capped' = any(marks) then upload_mbps end,
        ping_ms, jitter_ms, ping_download_ms, ping_upload_ms
    from measurements
    where day between :first and :last and network = :network
        and counted and latitude is not null and longitude is not null
        and (host is null or host <> all(array(
            select number from measuring_hosts where operator is not null)))
""")
# Anonymised rows have no time.
HOURS = text("""
    select unit_id, extract(isodow from at)::int - 1 as weekday, extract(hour from at)::int as hour,
        count(*)::int as n
    from (
        select unit_id, measured_at at time zone :zone as at from measurements
        where day between :first and :last and network = :network and counted
            and measured_at is not null and unit_id is not null
            and (host is null or host <> all(array(
                select number from measuring_hosts where operator is not null)))
    ) moments group by 1, 2, 3
""")
# Each sample's hour of the week, its download, its device and its outing: the commune's day.
MOMENTS = """
    select unit_id, string_agg(int2send(hour), '') as hours,
        string_agg(float8send(value), '') as values,
        string_agg(uuid_send(device_id), '') as devices,
        string_agg(int4send(32 * unit_id + extract(day from day)::int), '') as outings
    from (
        select unit_id, device_id, day,
            case when not 'capped' = any(marks) then download_mbps end as value,
            (24 * (extract(isodow from measured_at at time zone %(zone)s) - 1)
                + extract(hour from measured_at at time zone %(zone)s))::smallint as hour
        from measurements
        where day between %(first)s and %(last)s and network = %(network)s and counted
            and measured_at is not null and device_id is not null and unit_id is not null
            and (host is null or host <> all(array(
                select number from measuring_hosts where operator is not null)))
    ) moments
    where value is not null group by 1 order by 1
"""
# Months without a release; not those of a demo that is being loaded, which releases them itself.
MISSING = text("""
    select month from unnest(cast(:months as text[])) as month
    where month not in (select month from releases) and (
        month not in (select month from demo_months)
        or exists (select from devices where id = :complete and demo)
    ) order by 1
""")


def due_months(now: datetime) -> list[str]:
    """Return the months whose release is due and missing, the earliest first."""
    today = local_day(now)
    months = [month for month in months_with_data(today) if rules.due_day(month) <= today]
    values = {"months": months, "complete": DEMO_COMPLETE}
    return list(db.session.scalars(MISSING, values))


def make(month: str, now: datetime) -> bool:
    """Make the release of a past month; return False if it exists, which is never changed."""
    if month_end(month) >= local_day(now):
        raise Problem(409, "data_of_running_month")
    hold(RELEASE_LOCK)
    if db.session.get(Release, month) is not None:
        db.session.rollback()
        return False
    people, chains = read_people(month), read_chains()
    of_cells = read_people(month, days_alone=rules.MIN_DAYS_ALONE)
    released = {}
    with owner_session() as owner:
        owner.add(Release(month=month, made_at=now))
        owner.flush()
        for network in NETWORKS:
            rows = _figures(month, network, people, of_cells, chains)
            if rows:
                owner.execute(insert(ReleasedFigures), rows)
            released[network] = len(rows)
        places = no_connection.find_places(month, lambda _: people, units_of_cells)
        if of_places := no_connection.released_rows(month, places, chains):
            owner.execute(insert(ReleasedNoConnection), of_places)
        released["no_connection"] = len(of_places)
        owner.add(audit_entry(None, "release.make", month, units=released))
    db.session.commit()
    return True


def remove(months: Sequence[str]) -> None:
    """Remove the releases of demo months. Audited."""
    with owner_session() as owner:
        found = delete(Release).where(Release.month.in_(months)).returning(Release.month)
        for month in owner.scalars(found).all():
            owner.add(audit_entry(None, "release.remove", month))


def people_of_devices(month: str, devices: Iterable[UUID]) -> dict[UUID, int]:
    """Return the persons of these devices as `read_people` does."""
    linked = db.session.scalars(LINKED, {"devices": list(devices)})
    return read_people(month, linked.all())


def read_people(
    month: str, among: Sequence[UUID] | None = None, days_alone: int = rules.MIN_DAYS
) -> dict[UUID, int]:
    """Return the person of each device with counted samples: linked phones are one person.

    Who never joined a team needs samples on `days_alone` days to be a volunteer.
    """
    span = _span(month)
    begin, end = day_begin(span["first"]), day_begin(rules.due_day(month).replace(day=1))
    days: dict[Any, set[date]] = defaultdict(set)
    registered: dict[Any, date] = {}
    least: dict[Any, int] = {}
    devices: dict[Any, list[UUID]] = defaultdict(list)
    proven = assurances_from(counts_from_of(month))
    values = {**span, "begin": begin, "end": end, "proven": proven, "devices": among}
    for row in db.session.execute(PEOPLE, values):
        person = row.device_id if row.volunteer_id is None else row.volunteer_id
        devices[person].append(row.device_id)
        least[person] = days_alone if row.volunteer_id is None else rules.MIN_DAYS
        if row.registered_at is not None and not row.guest:
            days[person].update(row.days or ())
            first = local_day(row.registered_at)
            registered[person] = min(first, registered.get(person, first))
    people: dict[UUID, int] = {}
    for number, (person, phones) in enumerate(devices.items()):
        known = person in registered and rules.is_volunteer(
            days[person], registered[person], least[person]
        )
        people |= dict.fromkeys(phones, number if known else -1 - number)
    return people


def read_chains() -> dict[int, tuple[int, ...]]:
    """Return for each commune itself, its district if any, its province, and the country."""
    query = select(Unit.id, Unit.parent_id, Unit.province_id).where(Unit.level == "commune")
    return {
        row[0]: tuple(dict.fromkeys([*(unit for unit in row if unit is not None), COUNTRY]))
        for row in db.session.execute(query)
    }


def tree_of(chains: Mapping[int, tuple[int, ...]]) -> dict[int, list[int]]:
    """Return the units inside each unit, one level below, of communes with those above them."""
    below: dict[int, set[int]] = defaultdict(set)
    for chain in chains.values():
        for unit, above in pairwise(chain):
            below[above].add(unit)
    return {above: sorted(units) for above, units in below.items()}


class MonthSpan(TypedDict):
    """The first and the last day of a month, as parameters of statements."""

    first: date
    last: date


def _span(month: str) -> MonthSpan:
    return {"first": month_start(month), "last": month_end(month)}


class ReleasedFiguresRow(TypedDict):
    """A row of `ReleasedFigures`: what a release tells of a unit in a network."""

    month: str
    network: str
    unit_id: int
    devices: int | None  # of the total over all; null: it is not shown
    outings: int | None
    statistics: list[ReleasedRow]
    hours: list[list[int]] | None
    week: list[list[Median | None]] | None
    cells: list[ReleasedCell]


def _figures(
    month: str,
    network: str,
    people: People,
    of_cells: People,
    chains: Mapping[int, tuple[int, ...]],
) -> list[ReleasedFiguresRow]:
    """Return the rows of a network."""
    samples = _read_samples(month, network, people, chains)
    statistics, hours = _statistics(samples), _hours(month, network, samples)
    cells = _cells(month, network, of_cells, chains)
    weeks = _weeks(month, network, people, samples, frozenset(hours))
    rows: list[ReleasedFiguresRow] = []
    for unit in sorted({*samples.by_unit, *cells}):
        total = _total_of(statistics.get(unit, []))
        rows.append(
            {
                "month": month,
                "network": network,
                "unit_id": unit,
                "devices": total["devices"] if total else None,
                "outings": total["outings"] if total else None,
                "statistics": statistics.get(unit, []),
                "hours": hours.get(unit),
                "week": weeks.get(unit),
                "cells": cells.get(unit, []),
            }
        )
    return rows


def _total_of(rows: Sequence[ReleasedRow]) -> ReleasedRow | None:
    """Return the total over all operators and technologies; None if it is not shown."""
    return next((row for row in rows if not (row["operator"] or row["technology"])), None)


@dataclass(frozen=True, slots=True)
class _Samples:
    """The counted samples of a network and month by unit of every level."""

    by_unit: Mapping[int, list[Samples]]
    persons: Ints  # by number of a device
    chains: Mapping[int, tuple[int, ...]]  # of the communes with samples

    @property
    def tree(self) -> dict[int, list[int]]:
        """The units inside each unit, one level below."""
        return tree_of(self.chains)

    @property
    def places(self) -> list[dict[int, str]]:
        """The units of each province with their level, and the country, as they are computed."""
        found: dict[int, dict[int, str]] = defaultdict(dict)
        for commune, chain in self.chains.items():
            *districts, province = chain[1:-1] or chain[:1]
            levels = dict.fromkeys(districts, "district") | {province: "province"}
            found[province] |= {commune: "commune"} | levels
        return [*found.values(), {COUNTRY: "country"}]

    def of_persons(self, samples: Sequence[Samples]) -> dict[int, int]:
        """Return the number of samples of each person."""
        devices = np.concatenate([group.devices for group in samples])
        devices = devices[devices != rule.WITHDRAWN]
        numbers, n = np.unique(self.persons[devices], return_counts=True)
        return dict(zip(numbers.tolist(), n.tolist(), strict=True))


def _read_samples(
    month: str, network: str, people: People, chains: Mapping[int, tuple[int, ...]]
) -> _Samples:
    follow_indexes()
    values = {**_span(month), "network": network}
    rows = fetch(SAMPLES, values, binary=True)
    samples = read_samples(rows, network)
    ids = np.concatenate(
        [np.empty(0, DEVICE), *(np.frombuffer(row["devices"] or b"", DEVICE) for row in rows)]
    )
    numbers = np.concatenate([np.empty(0, np.int64), *(group.devices for group in samples)])
    known = numbers != rule.WITHDRAWN
    ids, numbers = ids[known], numbers[known]
    persons = _persons(ids, numbers, people)
    by_unit: dict[int, list[Samples]] = defaultdict(list)
    for row, group in zip(rows, samples, strict=True):
        for unit in chains[row["unit_id"]]:
            by_unit[unit].append(group)
    communes = {row["unit_id"] for row in rows}
    return _Samples(by_unit, persons, {unit: chains[unit] for unit in communes})


def _persons(ids: NDArray[np.void], numbers: Ints, people: People) -> Ints:
    """Return the person of each number of a device, which count from 0."""
    _, first = np.unique(numbers, return_index=True)
    persons = [people.get(UUID(bytes=ids[at].tobytes()), NEW_PERSON) for at in first]
    return np.array(persons, dtype=np.int64)


def _statistics(samples: _Samples) -> dict[int, list[ReleasedRow]]:
    """Return the rows of each unit that enough volunteers stand behind, totals first."""
    nodes: dict[Node, list[Samples]] = {
        (unit, *key): group
        for unit, of_unit in samples.by_unit.items()
        for key, group in rule.groups(of_unit)
    }
    people = {node: rules.volunteers(samples.of_persons(group)) for node, group in nodes.items()}
    shown = shown_groups(people, samples.tree)
    figures: dict[Node, GroupFigures] = {}
    for kinds in samples.places:
        inside = {node: group for node, group in nodes.items() if node[0] in kinds}
        figures |= figures_of(inside, kinds, setting("MINIMUM_N"))
    rows: dict[int, list[ReleasedRow]] = defaultdict(list)
    for node in sorted(shown, key=_order):
        rows[node[0]].append(_rounded_row(node, figures[node]))
    return rows


def shown_groups(people: Mapping[Node, frozenset[int]], tree: Mapping[int, list[int]]) -> set[Node]:
    """Return the groups whose speeds are shown: enough volunteers stand behind them.

    `people` has the volunteers of each group of all units, `tree` the units inside each unit.
    """
    return rules.suppress(people, _partitions(people, tree), rules.ROW_VOLUNTEERS)


def _rounded_row(node: Node, group: GroupFigures) -> ReleasedRow:
    _, operator, technology = node
    return {
        "operator": operator,
        "technology": technology,
        "n": rules.significant(group.n),
        "devices": rules.significant(group.devices),
        "outings": rules.significant(group.outings),
        "figures": rules.significant(group.figures),
    }


def _partitions(
    nodes: Collection[Node], tree: Mapping[int, list[int]]
) -> list[tuple[Node, list[Node]]]:
    """Return each group with the groups that it consists of: by one property, or by unit."""
    parts: dict[tuple[Node, str], list[Node]] = defaultdict(list)
    for unit, operator, technology in nodes:
        node = unit, operator, technology
        if operator != rule.ALL:
            parts[(unit, rule.ALL, technology), "operator"].append(node)
        if technology != rule.ALL:
            parts[(unit, operator, rule.ALL), "technology"].append(node)
    above = {unit: whole for whole, units in tree.items() for unit in units}
    for unit, operator, technology in nodes:
        if unit in above:
            whole = above[unit], operator, technology
            parts[whole, "unit"].append((unit, operator, technology))
    return [(whole, of_whole) for (whole, _), of_whole in parts.items()]


def _order(node: Node) -> tuple[int, bool, str, bool, str]:
    unit, operator, technology = node
    return unit, operator == rule.UNKNOWN, operator, technology == rule.UNKNOWN, technology


def _hours(month: str, network: str, samples: _Samples) -> dict[int, list[list[int]]]:
    """Return samples by weekday from Monday and hour, of the units with enough volunteers."""
    tables: dict[int, NDArray[np.int64]] = defaultdict(
        lambda: np.zeros((WEEKDAYS, DAY_HOURS), np.int64)
    )
    values = {**_span(month), "network": network, "zone": VIETNAM.tzname(None)}
    for row in db.session.execute(HOURS, values):
        for unit in samples.chains[row.unit_id]:
            tables[unit][row.weekday, row.hour] += row.n
    people = {}
    for unit, table in tables.items():
        by_person = samples.of_persons(samples.by_unit[unit])
        volunteers = rules.volunteers(by_person)
        # One person with most samples is the routine of that person.
        mixed = bool(by_person) and 2 * max(by_person.values()) <= table.sum()
        people[unit] = volunteers if mixed else frozenset[int]()
    partitions = [
        (above, [unit for unit in units if unit in tables])
        for above, units in samples.tree.items()
        if above in tables
    ]
    shown = rules.suppress(people, partitions, rules.HOURS_VOLUNTEERS)
    return {unit: tables[unit].tolist() for unit in shown}


def _weeks(
    month: str, network: str, people: People, samples: _Samples, units: frozenset[int]
) -> dict[int, list[list[Median | None]]]:
    """Return the median download of each hour of the week, of units with released hours."""
    by_unit: dict[int, list[Moments]] = defaultdict(list)
    for commune, moments in _read_moments(month, network, people).items():
        for unit in samples.chains.get(commune, ()):
            if unit in units:
                by_unit[unit].append(moments)
    minimum = max(setting("MINIMUM_N"), 1)
    medians = {unit: week_medians(joined(parts), minimum) for unit, parts in by_unit.items()}
    return {unit: _rounded_week(week) for unit, week in medians.items() if week}


def _rounded_week(week: list[list[Median | None]]) -> list[list[Median | None]]:
    """Return the medians and limits of a week with three significant digits, as JSON."""
    as_lists = [[list(hour) if hour else None for hour in day] for day in week]
    rounded: list[list[Median | None]] = rules.significant(as_lists)
    return rounded


def _read_moments(month: str, network: str, people: People) -> dict[int, Moments]:
    """Return the samples of each commune with their hour of the week."""
    values = {**_span(month), "network": network, "zone": VIETNAM.tzname(None)}
    rows = fetch(MOMENTS, values, binary=True)
    of_communes = [np.frombuffer(row["devices"], DEVICE) for row in rows]
    ids = np.concatenate([np.empty(0, DEVICE), *of_communes])
    devices = rule.numbered(ids)
    persons = _persons(ids, devices, people)[devices]
    # Devices are numbered across all communes: each one's numbers follow those before.
    begins = np.cumsum([0, *map(len, of_communes)])
    return {
        row["unit_id"]: Moments(
            hours=np.frombuffer(row["hours"], ">i2").astype(np.int64),
            values=np.frombuffer(row["values"], ">f8").astype(np.float64),
            devices=devices[begin:end],
            outings=np.frombuffer(row["outings"], ">i4").astype(np.int64),
            persons=persons[begin:end],
        )
        for row, (begin, end) in zip(rows, pairwise(begins), strict=True)
    }


@dataclass(slots=True)
class _Cell:
    """Samples, devices, persons and measured values of a cell."""

    devices: dict[UUID, int] = field(default_factory=dict)  # with their numbers
    by_person: Counter[int] = field(default_factory=Counter)
    of_samples: "array[int]" = field(default_factory=lambda: array("q"))  # number of the device
    outings: "array[int]" = field(default_factory=lambda: array("q"))  # day of each sample
    values: tuple["array[float]", ...] = field(
        default_factory=lambda: tuple(array("d") for _ in METRICS)
    )

    @property
    def n(self) -> int:
        return len(self.of_samples)

    @property
    def samples(self) -> Samples:
        """The samples as those of one operator and technology."""
        values = {
            metric: np.frombuffer(of_metric)
            for metric, of_metric in zip(METRICS, self.values, strict=True)
        }
        devices = np.frombuffer(self.of_samples, np.int64)
        outings = np.frombuffer(self.outings, np.int64)
        teams = np.zeros(self.n, np.bool_)
        return Samples(rule.ALL, rule.ALL, self.n, values, devices, outings, teams)

    def serialize(self, name: str, label: str, figures: StoredFigures) -> ReleasedCell:
        """Return the released figures; `label` is unique among all months and networks."""
        latitude, longitude = h3.cell_to_latlng(name)
        key = setting("SECRET_KEY").encode()
        return {
            "cell": name,
            "latitude": round(latitude, DECIMALS),
            "longitude": round(longitude, DECIMALS),
            "n": rules.rounded(self.n, key, f"release|n|{label}"),
            "devices": rules.rounded(len(self.devices), key, f"release|devices|{label}"),
            "download_mbps": rules.significant(figures["download_mbps"]),
            "upload_mbps": rules.significant(figures["upload_mbps"]),
            "ping_ms": rules.significant(figures["ping_ms"]),
            "jitter_ms": rules.significant(figures["jitter_ms"]),
            "ping_download_ms": rules.significant(figures["ping_download_ms"]),
            "ping_upload_ms": rules.significant(figures["ping_upload_ms"]),
        }


def _cells(
    month: str, network: str, people: People, chains: Mapping[int, tuple[int, ...]]
) -> dict[int, list[ReleasedCell]]:
    """Return the cells of each unit, those with most samples first."""
    cells = _read_cells(month, network, people)
    unit_of = units_of_cells(list(cells), month_end(month))
    samples = {name: cell.n for name, cell in cells.items()}
    by_person = {name: cell.by_person for name, cell in cells.items()}
    shown = rules.shown_cells(samples, by_person, unit_of)
    groups = {
        (at, rule.ALL, rule.ALL): [cells[name].samples] for at, name in enumerate(sorted(shown))
    }
    kinds = dict.fromkeys(range(len(groups)), "cell")
    figures = figures_of(groups, kinds, max(setting("MINIMUM_N"), 1))
    items: dict[int, list[ReleasedCell]] = defaultdict(list)
    for at, name in enumerate(sorted(shown)):
        of_cell = figures[at, rule.ALL, rule.ALL].figures
        item = cells[name].serialize(name, f"{month}|{network}|{name}", of_cell)
        for unit in chains[unit_of[name]][:-1]:  # without the country
            items[unit].append(item)
    for of_unit in items.values():
        of_unit.sort(key=lambda item: (-item["n"], item["cell"]))
    return items


def _read_cells(month: str, network: str, people: People) -> dict[str, _Cell]:
    follow_indexes()
    values = {**_span(month), "network": network}
    cells: dict[str, _Cell] = defaultdict(_Cell)
    streamed = POSITIONS.execution_options(yield_per=CHUNK)
    for latitude, longitude, device, outing, *measured in db.session.execute(streamed, values):
        cell = cells[h3.latlng_to_cell(latitude, longitude, rules.CELL_RESOLUTION)]
        number = rule.WITHDRAWN
        if device is not None:
            number = cell.devices.setdefault(device, len(cell.devices))
            cell.by_person[people.get(device, NEW_PERSON)] += 1
        cell.of_samples.append(number)
        cell.outings.append(outing)
        for of_metric, value in zip(cell.values, measured, strict=True):
            of_metric.append(math.nan if value is None else value)
    return cells


def units_of_cells(cells: Sequence[str], day: date) -> dict[str, int]:
    """Return the commune of the centre of each cell, without those in the sea or abroad."""
    if not cells:
        return {}
    centres = [h3.cell_to_latlng(cell) for cell in cells]
    latitudes, longitudes = [lat for lat, _ in centres], [lon for _, lon in centres]
    days, accuracies = [day] * len(cells), [SHORE_M] * len(cells)
    places = extension("locator").locate_many(days, longitudes, latitudes, accuracies)
    units = zip(cells, (place.unit_id for place in places), strict=True)
    return {cell: unit for cell, unit in units if unit is not None}
