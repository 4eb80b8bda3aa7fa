"""Recompute statistics whose counted samples changed; the job can be stopped at any point.

A province's month is one transaction, which notes the versions of its communes' counts; the
country is another, after all provinces. What was computed of other versions is stale.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from backend.batch.executor import SERIAL, Executor
from backend.clock import local_day, month_end, month_start
from backend.coverage.statistics import models  # noqa: F401 # part of the metadata
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.group_figures import Node, figures_of
from backend.coverage.statistics.quantiles import METRICS, Samples
from backend.coverage.statistics.stored import StoredFigures
from backend.database.extensions import db, dump, fetch, follow_indexes, setting
from backend.database.locks import STATISTICS_LOCK, hold, try_hold
from backend.measurements.recording.operators import known_operator

Progress = Callable[[int, int], None]

COUNTRY = 0
# A province's rows are found by a bitmap and sorted by group: with PostgreSQL's 4 MB, the bitmap
# forgets rows and the sort writes files, for a third of the time (10 million measurements).
WORK_MEMORY = text("set local work_mem = '64MB'")

FORGET = text("""
    delete from statistics_versions where cast(:month as text) is null or month = :month
""")
STALE = text("""
    select m.month, m.network, u.province_id, array_agg(m.unit_id) as units
    from unit_months m
    left join statistics_versions s using (month, network, unit_id)
    left join units u on u.id = m.unit_id
    where m.unit_id <> 0 and (m.counted > 0 or s.version is not null)
        and m.version is distinct from s.version
        and m.month not in (select month from archived_months)
        and (cast(:month as text) is null or m.month = :month)
    group by 1, 2, 3 order by 1, 2, 3 nulls last
""")
# The country's version is the sum of those of its communes.
STALE_COUNTRIES = text("""
    select month, network from statistics_versions
    where month not in (select month from archived_months)
        and (cast(:month as text) is null or month = :month)
    group by 1, 2 having coalesce(sum(version) filter (where unit_id <> 0), 0)
        is distinct from coalesce(max(version) filter (where unit_id = 0), 0)
    order by 1, 2
""")
# Before the samples are read: the statements that follow see all samples of these versions.
SEE = text("""
    insert into statistics_versions (month, network, unit_id, version)
    select month, network, unit_id, version from unit_months
    where month = :month and network = :network and unit_id = any(:units)
    on conflict (month, network, unit_id) do update set version = excluded.version
""")
SEE_COUNTRY = text("""
    insert into statistics_versions (month, network, unit_id, version)
    select :month, :network, 0, coalesce(sum(version), 0) from statistics_versions
    where month = :month and network = :network and unit_id <> 0
    on conflict (month, network, unit_id) do update set version = excluded.version
""")
PROVINCE = text("select coalesce(province_id, id) from units where id = :id")
COMMUNES = text("select id, parent_id from units where province_id = :id and level = 'commune'")

# The values of a group packed into one byte string each, which is fast for a million rows. All have
# one order: NaN stands for a missing value, the id of zeros for the device of an anonymised row.
# An outing is one number: commune, team and day of the month. Who withdrew is of no team. Teams are
# joined, since a look-up for each sample takes longer. Speeds of capped samples are
# missing. Samples at operators' hosts are left out, as in all figures of speeds, hours and cells.
OF_COMMUNES = """
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
        from earnings
        where day between %(first)s and %(last)s and unit_id = any(%(units)s)
        group by measurement_id
    ) teams using (id)
    where day between %(first)s and %(last)s and network = %(network)s and counted
        and (host is null or host <> all(array(
            select number from measuring_hosts where operator is not null)))
        and unit_id = any(%(units)s)
    group by unit_id, operator, technology order by unit_id, operator, technology
"""
OF_COUNTRY = """
    select operator, technology, count(*)::int as n,
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
    group by operator, technology order by operator, technology
"""
# The bits of an outing's team: the commune is above them, the day below.
OUTING_TEAM = (1 << 39) - (1 << 5)
REMOVE = text("""
    delete from statistics where month = :month and network = :network and unit_id = any(:units)
""")
COMPUTED_AT = text("""
    select max(found_at) from statistics
    where month = :month and network = :network and unit_id = :country
""")
WRITE = text("""
    insert into statistics
        (month, network, unit_id, operator, technology, n, devices, outings, figures, found_at)
    select :month, :network, r.*, :now from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        unit_id int, operator text, technology text, n int, devices int, outings int, figures jsonb)
""")


class StatisticsRow(TypedDict):
    """Speeds of a group, as `statistics` stores them."""

    unit_id: int  # or COUNTRY
    operator: str  # empty: all
    technology: str  # empty: all
    n: int
    devices: int  # these and the outings without withdrawn samples
    outings: int
    figures: StoredFigures


@dataclass(frozen=True, slots=True)
class NetworkMonth:
    """A month of a network, and the time of the computation."""

    month: str
    network: str
    now: datetime

    def parameters(self, **more: Any) -> dict[str, Any]:
        span = {"first": month_start(self.month), "last": month_end(self.month)}
        return {"month": self.month, "network": self.network, **span, **more}


@dataclass(frozen=True, slots=True)
class Task:
    """A province or the country in a month of a network, with its stale communes."""

    part: NetworkMonth
    place: int  # the province, or COUNTRY
    stale: Sequence[int]


def mark_all(month: str | None = None) -> None:
    """Let the next refresh compute all statistics, or those of a month."""
    db.session.execute(FORGET, {"month": month})
    db.session.commit()


def refresh(
    now: datetime,
    month: str | None = None,
    progress: Progress = lambda done, of: None,
    executor: Executor = SERIAL,
    *,
    hourly: bool = False,
) -> int:
    """Recompute stale statistics, optionally of one month; return the number of communes.

    With `hourly`, as the server does it each hour, past months wait for the night.
    """
    provinces, countries = [], []
    for (stale_month, network), places in _read_stale(month).items():
        part = NetworkMonth(stale_month, network, now)
        if hourly and not _is_due(part):
            continue
        provinces += [Task(part, place, units) for place, units in places if place is not None]
        # The communes without a province.
        others = [unit for place, units in places if place is None for unit in units]
        countries.append(Task(part, COUNTRY, others))
    done, todo = 0, len(provinces) + len(countries)
    for _ in executor.map(refresh_province, provinces):
        progress(done := done + 1, todo)
    for task in countries:  # one after another, in the memory of one
        refresh_country(task)
        progress(done := done + 1, todo)
    return sum(len(task.stale) for task in provinces)


def _is_due(part: NetworkMonth) -> bool:
    """Return whether a month is the running one, or was not computed since midnight."""
    today = local_day(part.now)
    at = db.session.scalar(COMPUTED_AT, part.parameters(country=COUNTRY))
    db.session.commit()
    return part.month == f"{today:%Y-%m}" or at is None or local_day(at) < today


def refresh_unit(unit_id: int, month: str, now: datetime) -> None:
    """Recompute the stale statistics of a unit's province.

    The country is left to the next `refresh`, since it takes too long for a request.
    """
    province = db.session.execute(PROVINCE, {"id": unit_id}).scalar_one()
    for (stale_month, network), provinces in _read_stale(month).items():
        for stale_province, units in provinces:
            if stale_province == province:
                refresh_province(Task(NetworkMonth(stale_month, network, now), province, units))


def _read_stale(month: str | None) -> dict[tuple[str, str], list[tuple[int | None, list[int]]]]:
    """Return the provinces with their stale communes, by month and network; none: the country."""
    stale: dict[tuple[str, str], list[tuple[int | None, list[int]]]] = defaultdict(list)
    for row in db.session.execute(STALE, {"month": month}):
        stale[row.month, row.network].append((row.province_id, row.units))
    for row in db.session.execute(STALE_COUNTRIES, {"month": month}):
        stale[row.month, row.network] += []
    db.session.commit()
    return stale


def refresh_province(task: Task) -> None:
    """Recompute a province with its districts and communes; commit.

    All communes are, since they share the estimate of the correlation of a device's samples.
    """
    part, province = task.part, task.place
    hold(STATISTICS_LOCK, province)
    _see(task)
    above = {row.id: row.parent_id for row in db.session.execute(COMMUNES, {"id": province})}
    by_unit: dict[int, list[Samples]] = defaultdict(list)
    groups = fetch(OF_COMMUNES, part.parameters(units=list(above)), binary=True)
    for row, samples in zip(groups, read_samples(groups, part.network), strict=True):
        for unit in dict.fromkeys((row["unit_id"], above[row["unit_id"]], province)):
            if unit is not None:
                by_unit[unit].append(samples)
    districts = {unit for unit in above.values() if unit is not None}
    kinds = dict.fromkeys(above, "commune") | dict.fromkeys(districts, "district")
    rows = _figures(by_unit, {**kinds, province: "province"})
    _write_statistics(part, rows, [*above, *districts, province])


def refresh_country(task: Task) -> None:
    """Recompute the country's statistics of a month; commit.

    While another process computes them, they are left to a later run.
    """
    if not try_hold(STATISTICS_LOCK, COUNTRY):
        db.session.rollback()
        return
    _see(task)
    db.session.execute(SEE_COUNTRY, task.part.parameters())
    follow_indexes()
    groups = fetch(OF_COUNTRY, task.part.parameters(), binary=True)
    samples = read_samples(groups, task.part.network)
    del groups  # the packed values, as much memory as the samples
    _write_statistics(task.part, _country_rows(samples), [COUNTRY])


def _see(task: Task) -> None:
    db.session.execute(WORK_MEMORY)
    db.session.execute(SEE, task.part.parameters(units=list(task.stale)))


def read_samples(rows: Sequence[Mapping[Any, Any]], network: str) -> list[Samples]:
    """Return the samples of grouped rows, with devices numbered across all rows.

    Operators that are not known are one: their names are free text.
    """
    packed = [np.frombuffer(row["devices"] or b"", dtype=rule.DEVICE) for row in rows]
    numbers = number_devices(np.concatenate([np.empty(0, rule.DEVICE), *packed]))
    keys = np.frombuffer(b"".join(row["outings"] or b"" for row in rows), ">i8")
    keys, outings = np.unique(keys, return_inverse=True)
    teams = (keys & OUTING_TEAM != 0)[outings]
    ends = np.cumsum([len(devices) for devices in packed])
    return [
        Samples(
            operator=known_operator(network, row["operator"]) or rule.UNKNOWN,
            technology=rule.technology_of(row["technology"]),
            n=row["n"],
            values={
                metric: np.frombuffer(row[metric] or b"", dtype=">f8").astype(np.float64)
                for metric in METRICS
            },
            devices=numbers[end - len(devices) : end],
            outings=outings[end - len(devices) : end],
            teams=teams[end - len(devices) : end],
        )
        for row, devices, end in zip(rows, packed, ends, strict=True)
    ]


def number_devices(devices: NDArray[np.void]) -> NDArray[np.int64]:
    """Number devices from 0; the id of zeros is WITHDRAWN."""
    numbers = rule.numbered(devices)
    withdrawn = (devices["high"] == 0) & (devices["low"] == 0)
    if withdrawn.any():  # the smallest id has number 0
        numbers = numbers - 1
    return numbers


def _country_rows(samples: Iterable[Samples]) -> list[StatisticsRow]:
    """Return the country's rows, one kind of totals after another, in the memory of one.

    Kinds share no estimate, so their figures are the same up to rounding.
    """
    kinds: dict[Hashable, dict[Node, Sequence[Samples]]] = defaultdict(dict)
    for (operator, technology), group in sorted(rule.groups(samples), key=itemgetter(0)):
        kind = operator == rule.ALL, technology == rule.ALL
        kinds[kind][COUNTRY, operator, technology] = group
    return [row for groups in kinds.values() for row in _rows_of(groups, {COUNTRY: "country"})]


def _figures(
    by_unit: Mapping[int, Iterable[Samples]], kinds: Mapping[int, Hashable]
) -> list[StatisticsRow]:
    """Return the figures of the groups of each unit as rows, however the samples were read."""
    groups = {
        (unit, *key): group
        for unit, samples in by_unit.items()
        for key, group in sorted(rule.groups(samples), key=itemgetter(0))
    }
    return _rows_of(groups, kinds)


def _rows_of(
    groups: Mapping[Node, Sequence[Samples]], kinds: Mapping[int, Hashable]
) -> list[StatisticsRow]:
    """Return the figures of groups as rows; units of one kind share estimates."""
    return [
        {
            "unit_id": unit,
            "operator": operator,
            "technology": technology,
            "n": group.n,
            "devices": group.devices,
            "outings": group.outings,
            "figures": group.figures,
        }
        for (unit, operator, technology), group in figures_of(
            groups, kinds, setting("MINIMUM_N")
        ).items()
    ]


def _write_statistics(
    part: NetworkMonth, rows: Sequence[StatisticsRow], replaced: Sequence[int]
) -> None:
    db.session.execute(REMOVE, part.parameters(units=list(replaced)))
    db.session.execute(WRITE, part.parameters(rows=dump(rows), now=part.now))
    db.session.commit()
