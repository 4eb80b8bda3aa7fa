"""Recompute statistics whose counted samples changed; the job can be stopped at any point.

A province's month is one transaction, which clears the marks of its communes and marks the
country; the country is another. Without a commit the marks stay.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from backend.batch.executor import SERIAL, Executor
from backend.clock import month_end, month_start
from backend.coverage.statistics import (
    country,
    models,  # noqa: F401 # part of the metadata
)
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.country_groups import CountryGroups, InconsistentError
from backend.coverage.statistics.group_arrays import Groups
from backend.coverage.statistics.group_figures import figures_of
from backend.coverage.statistics.quantiles import METRICS, Samples
from backend.database.extensions import db, fetch, follow_indexes, setting
from backend.database.locks import STATISTICS_LOCK, hold
from backend.measurements.recording.counting import fold_all
from backend.measurements.recording.data_caps import measured_value
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from backend.measurements.recording.rules import NETWORKS
from backend.measurements.recording.storage import dump

Progress = Callable[[int, int], None]

COUNTRY = 0
# A province's rows are found by a bitmap and sorted by group: with PostgreSQL's 4 MB, the bitmap
# forgets rows and the sort writes files, for a third of the time (10 million measurements).
WORK_MEMORY = text("set local work_mem = '64MB'")
# Comparisons with a whole computation where samples arrive meanwhile.
COMPARISONS_MOST = 3

MARK_ALL = text("""
    insert into statistics_stale (month, unit_id, network)
    select distinct month, unit_id, network from counts
    where day is null and unit_id is not null and fate = any(:counted)
        and (cast(:month as text) is null or month = :month)
""")
STALE = text("""
    select s.month, s.network, u.province_id, array_agg(distinct s.unit_id) as units
    from statistics_stale s left join units u on u.id = s.unit_id
    where cast(:month as text) is null or s.month = :month
    group by 1, 2, 3 order by 1, 2, 3 nulls last
""")
# Deletes only visible marks; the statements that follow see all samples behind these marks.
UNMARK = text("""
    delete from statistics_stale
    where month = :month and network = :network and unit_id = any(:units)
""")
MARK_COUNTRY = text("""
    insert into statistics_stale (month, unit_id, network) values (:month, :country, :network)
""")
PROVINCE = text("select coalesce(province_id, id) from units where id = :id")
COMMUNES = text("select id, parent_id from units where province_id = :id and level = 'commune'")

# The values of a group packed into one byte string each, which is fast for a million rows. All have
# one order: NaN stands for a missing value, NO_DEVICE for the device of an anonymised row.
NO_DEVICE = UUID(int=0)
PACKED = ", ".join(
    [
        f"string_agg(float8send(coalesce({measured_value(metric)}, 'NaN')), '') as {metric}"
        for metric in METRICS
    ]
    + [f"string_agg(uuid_send(coalesce(device_id, '{NO_DEVICE}')), '') as devices"]
)
OF_COMMUNES = f"""
    select unit_id, operator, technology, count(*) as n, {PACKED} from measurements
    where unit_id = any(%(units)s) and day between %(first)s and %(last)s
        and network = %(network)s and counted group by 1, 2, 3
"""  # noqa: S608 # names of columns
OF_COUNTRY = f"""
    select operator, technology, count(*) as n, {PACKED},
        string_agg(int4send(coalesce(unit_id, 0)), '') as units from measurements
    where day between %(first)s and %(last)s and network = %(network)s and counted
        and (%(units)s::int[] is null or unit_id = any(%(units)s)) group by 1, 2
"""  # noqa: S608
VERSIONS = text("""
    select unit_id, cast(version as text) as version from statistics_versions
    where month = :month and network = :network
""")
# Another version of each unit whose statistics are computed again.
NEW_VERSIONS = text("""
    insert into statistics_versions (month, network, unit_id)
    select :month, :network, unnest(cast(:units as int[]))
    on conflict (month, network, unit_id) do update set version = gen_random_uuid()
    returning unit_id, cast(version as text) as version
""")
REMOVE = text("""
    delete from statistics where month = :month and network = :network and unit_id = any(:units)
""")
STORED = text("""
    select operator, technology, n, devices, figures from statistics
    where month = :month and network = :network and unit_id = :unit
""")
WRITE = text("""
    insert into statistics
        (month, network, unit_id, operator, technology, n, devices, figures, found_at)
    select :month, :network, r.*, :now from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        unit_id int, operator text, technology text, n int, devices int, figures jsonb)
""")


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
    """A province or the country in a month of a network, with its marked units."""

    part: NetworkMonth
    place: int  # the province, or COUNTRY
    stale: Sequence[int]


def mark_all(month: str | None = None) -> None:
    """Mark all statistics, or those of a month, for the next refresh, which follows no files."""
    fold_all()
    country.forget(setting("VAR_DIR"), month or "*")
    values = {"counted": list(COUNTED_CATEGORIES), "month": month}
    db.session.execute(MARK_ALL, values)
    db.session.commit()


def refresh(
    now: datetime,
    month: str | None = None,
    progress: Progress = lambda done, of: None,
    executor: Executor = SERIAL,
) -> int:
    """Recompute marked statistics, optionally of one month; return the number of communes."""
    country.forget_old(setting("VAR_DIR"))
    provinces, countries = [], []
    for (stale_month, network), places in _read_stale(month).items():
        part = NetworkMonth(stale_month, network, now)
        provinces += [Task(part, place, units) for place, units in places if place is not None]
        # The mark of the country, and those of units without a province.
        others = [unit for place, units in places if place is None for unit in units]
        countries.append(Task(part, COUNTRY, [COUNTRY, *others]))
    done, todo = 0, len(provinces) + len(countries)
    for tasks in (provinces, countries):  # provinces mark the country
        for _ in executor.map(refresh_place, tasks):
            progress(done := done + 1, todo)
    return sum(len(task.stale) for task in provinces)


def refresh_place(task: Task) -> None:
    """Recompute a province, which hands its samples over to the country, or the country."""
    if task.place == COUNTRY:
        refresh_country(task.part, task.stale)
    else:
        refresh_province(task.part, task.place, task.stale, hand_over=True)


def refresh_unit(unit_id: int, month: str, now: datetime) -> None:
    """Recompute the marked statistics of a unit's province.

    The country is left to the next `refresh`, since it takes too long for a request.
    """
    province = db.session.execute(PROVINCE, {"id": unit_id}).scalar_one()
    for (stale_month, network), provinces in _read_stale(month).items():
        for stale_province, units in provinces:
            if stale_province == province:
                refresh_province(NetworkMonth(stale_month, network, now), province, units)


def _read_stale(month: str | None) -> dict[tuple[str, str], list[tuple[int | None, list[int]]]]:
    """Return the provinces with their marked communes, by month and network."""
    fold_all()
    stale: dict[tuple[str, str], list[tuple[int | None, list[int]]]] = defaultdict(list)
    for row in db.session.execute(STALE, {"month": month}):
        stale[row.month, row.network].append((row.province_id, row.units))
    db.session.commit()
    return stale


def refresh_province(
    part: NetworkMonth, province: int, stale: Sequence[int], *, hand_over: bool = False
) -> None:
    """Recompute a province with its districts and communes; commit.

    All communes are, since they share the estimate of the correlation of a device's samples. With
    `hand_over` the samples of those that changed are left for the country, which comes next.
    """
    versions = _begin(part, province, stale)
    db.session.execute(MARK_COUNTRY, part.parameters(country=COUNTRY))
    above = {row.id: row.parent_id for row in db.session.execute(COMMUNES, {"id": province})}
    by_unit: dict[int, list[Samples]] = defaultdict(list)
    found = fetch(OF_COMMUNES, part.parameters(units=list(above)), binary=True)
    if hand_over:
        country.hand_over(_folder(part), part.network, province, versions, found)
    for row, samples in zip(found, read_samples(found, part.network), strict=True):
        for unit in dict.fromkeys((row["unit_id"], above[row["unit_id"]], province)):
            if unit is not None:
                by_unit[unit].append(samples)
    districts = {unit for unit in above.values() if unit is not None}
    kinds = dict.fromkeys(above, "commune") | dict.fromkeys(districts, "district")
    rows = _figures(_groups(by_unit), {**kinds, province: "province"})
    _write(part, rows, [*above, *districts, province])


def refresh_country(part: NetworkMonth, stale: Sequence[int] = (COUNTRY,)) -> None:
    """Follow the country's statistics of a month; commit."""
    _begin(part, COUNTRY, stale)
    versions = {row.unit_id: row.version for row in db.session.execute(VERSIONS, part.parameters())}
    folder = _folder(part)
    found = country.follow(folder, part.network, versions, partial(_read_country, part))
    try:
        rows = _figures(found.groups, {COUNTRY: "country"})
    except InconsistentError:
        found = country.rebuild(folder, part.network, versions, partial(_read_country, part))
        rows = _figures(found.groups, {COUNTRY: "country"})
    found.save()
    _write(part, rows, [COUNTRY])


def differences(now: datetime, month: str) -> list[tuple[str, str, str]]:
    """Return network, operator and technology of the country's groups that are not right.

    Stored figures, with all changes, are compared with a whole computation.
    """
    for _ in range(COMPARISONS_MOST):
        refresh(now, month)
        found = [
            (network, *group)
            for network in NETWORKS
            for group in differing(NetworkMonth(month, network, now))
        ]
        if not found or not _read_stale(month):  # no samples arrived meanwhile
            break
    return found


def differing(part: NetworkMonth) -> list[tuple[str, str]]:
    """Return the groups of the country whose stored figures a whole computation does not give."""
    rows = read_samples(_read_country(part, None), part.network)
    whole = _figures(_groups({COUNTRY: rows}), {COUNTRY: "country"})
    names = ("n", "devices", "figures")
    present = {
        (row["operator"], row["technology"]): tuple(row[name] for name in names) for row in whole
    }
    stored = {
        (row.operator, row.technology): (row.n, row.devices, row.figures)
        for row in db.session.execute(STORED, part.parameters(unit=COUNTRY))
    }
    db.session.commit()
    groups = sorted(stored.keys() | present.keys())
    return [group for group in groups if stored.get(group) != present.get(group)]


def _read_country(part: NetworkMonth, units: Sequence[int] | None) -> Sequence[Mapping[str, Any]]:
    """Return the packed samples of some units, or of all."""
    follow_indexes()
    values = part.parameters(units=None if units is None else list(units))
    return fetch(OF_COUNTRY, values, binary=True)


def _folder(part: NetworkMonth) -> Path:
    folder: Path = setting("VAR_DIR") / country.FOLDER / f"{part.month}-{part.network}"
    return folder


def _begin(part: NetworkMonth, place: int, units: Sequence[int]) -> dict[int, str]:
    """Lock a place and clear the marks of units; return their new versions."""
    hold(STATISTICS_LOCK, place)
    db.session.execute(WORK_MEMORY)
    db.session.execute(UNMARK, part.parameters(units=list(units)))
    new = db.session.execute(NEW_VERSIONS, part.parameters(units=sorted({*units} - {COUNTRY})))
    return {row.unit_id: row.version for row in new}


def read_samples(rows: Sequence[Mapping[Any, Any]], network: str) -> list[Samples]:
    """Return the samples of grouped rows, with devices numbered across all rows.

    Operators that are not known are one: their names are free text.
    """
    packed = [np.frombuffer(row["devices"] or b"", dtype=rule.DEVICE) for row in rows]
    numbers = number_devices(np.concatenate([np.empty(0, rule.DEVICE), *packed]))
    ends = np.cumsum([len(one) for one in packed])
    cells = [country.cell_of(network, row["operator"], row["technology"]) for row in rows]
    return [
        Samples(
            operator=operator,
            technology=technology,
            n=row["n"],
            values={
                metric: np.frombuffer(row[metric] or b"", dtype=">f8").astype(np.float64)
                for metric in METRICS
            },
            devices=numbers[end - len(one) : end],
        )
        for row, (operator, technology), one, end in zip(rows, cells, packed, ends, strict=True)
    ]


def number_devices(devices: NDArray[np.void]) -> NDArray[np.int64]:
    """Number devices from 0; NO_DEVICE is WITHDRAWN."""
    numbers = rule.numbered(devices)
    withdrawn = (devices["high"] == 0) & (devices["low"] == 0)
    if withdrawn.any():  # the smallest id has number 0
        numbers = numbers - 1
    return numbers


def _groups(by_unit: Mapping[int, Iterable[Samples]]) -> Groups:
    """Return the groups of each unit, in one order however the samples were read."""
    return Groups(
        {
            (unit, *key): group
            for unit, samples in by_unit.items()
            for key, group in sorted(rule.groups(samples), key=itemgetter(0))
        }
    )


def _figures(groups: Groups | CountryGroups, kinds: Mapping[int, Hashable]) -> list[dict[str, Any]]:
    """Return the figures of groups as rows."""
    figures = figures_of(groups, kinds, setting("MINIMUM_N"))
    return [
        {
            "unit_id": node[0],
            "operator": node[1],
            "technology": node[2],
            "n": n,
            "devices": devices,
            "figures": figures[node],
        }
        for node, n, devices in zip(groups.nodes, groups.n, groups.devices, strict=True)
    ]


def _write(part: NetworkMonth, rows: Sequence[dict[str, Any]], replaced: Sequence[int]) -> None:
    db.session.execute(REMOVE, part.parameters(units=list(replaced)))
    db.session.execute(WRITE, part.parameters(rows=dump(rows), now=part.now))
    db.session.commit()
