"""Recompute statistics whose counted samples changed; the job can be stopped at any point.

A province's month is one transaction, which clears the marks of its communes and marks the
country; the country is another. Without a commit the marks stay.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from backend.batch.workforce import ALONE, Workforce
from backend.clock import month_end, month_start
from backend.coverage.statistics import models  # noqa: F401 # part of the metadata
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.group_arrays import Groups
from backend.coverage.statistics.group_figures import figures_of
from backend.coverage.statistics.quantiles import METRICS, Samples
from backend.database.extensions import db, fetch, follow_indexes, setting
from backend.measurements.recording.counting import fold_all
from backend.measurements.recording.data_caps import measured_value
from backend.measurements.recording.operators import known_operator
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from backend.measurements.recording.storage import dump

Progress = Callable[[int, int], None]

COUNTRY = 0
# Unique among the advisory locks of this database: one process at a time computes a province or
# the country.
STATISTICS_LOCK = 5_694
LOCK = text("select pg_advisory_xact_lock(:lock, :place)")

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
    select operator, technology, count(*) as n, {PACKED} from measurements
    where day between %(first)s and %(last)s and network = %(network)s and counted group by 1, 2
"""  # noqa: S608
REMOVE = text("""
    delete from statistics where month = :month and network = :network and unit_id = any(:units)
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
    """Mark all statistics, or those of a month, for the next refresh."""
    fold_all()
    values = {"counted": list(COUNTED_CATEGORIES), "month": month}
    db.session.execute(MARK_ALL, values)
    db.session.commit()


def refresh(
    now: datetime,
    month: str | None = None,
    progress: Progress = lambda done, of: None,
    force: Workforce = ALONE,
) -> int:
    """Recompute marked statistics, optionally of one month; return the number of communes."""
    provinces, countries = [], []
    for (stale_month, network), places in _read_stale(month).items():
        part = NetworkMonth(stale_month, network, now)
        provinces += [Task(part, place, units) for place, units in places if place is not None]
        # The mark of the country, and those of units without a province.
        others = [unit for place, units in places if place is None for unit in units]
        countries.append(Task(part, COUNTRY, [COUNTRY, *others]))
    done, todo = 0, len(provinces) + len(countries)
    for tasks in (provinces, countries):  # provinces mark the country
        for _ in force.each(refresh_place, tasks):
            progress(done := done + 1, todo)
    return sum(len(task.stale) for task in provinces)


def refresh_place(task: Task) -> None:
    """Recompute a province or the country."""
    if task.place == COUNTRY:
        refresh_country(task.part, task.stale)
    else:
        refresh_province(task.part, task.place, task.stale)


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


def refresh_province(part: NetworkMonth, province: int, stale: Sequence[int]) -> None:
    """Recompute a province with its districts and communes; commit.

    All communes are, since they share the estimate of the correlation of a device's samples.
    """
    _begin(part, province, stale)
    db.session.execute(MARK_COUNTRY, part.parameters(country=COUNTRY))
    above = {row.id: row.parent_id for row in db.session.execute(COMMUNES, {"id": province})}
    by_unit: dict[int, list[Samples]] = defaultdict(list)
    rows = fetch(OF_COMMUNES, part.parameters(units=list(above)), binary=True)
    for row, samples in zip(rows, read_samples(rows, part.network), strict=True):
        for unit in dict.fromkeys((row["unit_id"], above[row["unit_id"]], province)):
            if unit is not None:
                by_unit[unit].append(samples)
    districts = {unit for unit in above.values() if unit is not None}
    kinds = dict.fromkeys(above, "commune") | dict.fromkeys(districts, "district")
    _write(part, by_unit, {**kinds, province: "province"}, [*above, *districts, province])


def refresh_country(part: NetworkMonth, stale: Sequence[int] = (COUNTRY,)) -> None:
    """Recompute the country's statistics of a month; commit."""
    _begin(part, COUNTRY, stale)
    follow_indexes()
    rows = fetch(OF_COUNTRY, part.parameters(), binary=True)
    samples = {COUNTRY: read_samples(rows, part.network)}
    _write(part, samples, {COUNTRY: "country"}, [COUNTRY])


def _begin(part: NetworkMonth, place: int, units: Sequence[int]) -> None:
    db.session.execute(LOCK, {"lock": STATISTICS_LOCK, "place": place})
    db.session.execute(UNMARK, part.parameters(units=list(units)))


def read_samples(rows: Sequence[Mapping[Any, Any]], network: str) -> list[Samples]:
    """Return the samples of grouped rows, with devices numbered across all rows.

    Operators that are not known are one: their names are free text.
    """
    packed = [np.frombuffer(row["devices"] or b"", dtype=rule.DEVICE) for row in rows]
    numbers = number_devices(np.concatenate([np.empty(0, rule.DEVICE), *packed]))
    ends = np.cumsum([len(one) for one in packed])
    return [
        Samples(
            operator=known_operator(network, row["operator"]) or rule.UNKNOWN,
            technology=rule.technology_of(row["technology"]),
            n=row["n"],
            values={
                metric: np.frombuffer(row[metric] or b"", dtype=">f8").astype(np.float64)
                for metric in METRICS
            },
            devices=numbers[end - len(one) : end],
        )
        for row, one, end in zip(rows, packed, ends, strict=True)
    ]


def number_devices(devices: NDArray[np.void]) -> NDArray[np.int64]:
    """Number devices from 0; NO_DEVICE is WITHDRAWN."""
    numbers = rule.numbered(devices)
    withdrawn = (devices["high"] == 0) & (devices["low"] == 0)
    if withdrawn.any():  # the smallest id has number 0
        numbers = numbers - 1
    return numbers


def _write(
    part: NetworkMonth,
    by_unit: Mapping[int, Iterable[Samples]],
    kinds: Mapping[int, Hashable],
    replaced: Sequence[int],
) -> None:
    nodes = {
        (unit, *key): group
        for unit, samples in by_unit.items()
        for key, group in rule.groups(samples)
    }
    groups = Groups(nodes)
    figures = figures_of(groups, kinds, setting("MINIMUM_N"))
    rows = [
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
    db.session.execute(REMOVE, part.parameters(units=list(replaced)))
    db.session.execute(WRITE, part.parameters(rows=dump(rows), now=part.now))
    db.session.commit()
