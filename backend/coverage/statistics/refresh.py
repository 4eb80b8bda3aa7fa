"""Compute statistics again where the counted samples changed: a job that may die at any point.

A province's month is one transaction, which clears the marks of its communes and leaves one for
the country; the country is another. Whatever was not committed is still marked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import text

from backend.batch.workforce import ALONE, Workforce
from backend.clock import month_end, month_start
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.quantiles import METRICS, Samples
from backend.database.extensions import db, follow_indexes, setting
from backend.measurements.recording.counting import fold_all
from backend.measurements.recording.reasons import COUNTED, COUNTED_BY_ADMIN
from backend.measurements.recording.storage import dump

Progress = Callable[[int, int], None]

COUNTRY = 0
# Any number that nothing else in this database locks: one process finds those of a province, or of
# the country, at a time.
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
# Only what marks it can see goes; a statement that follows sees all that these tell of.
UNMARK = text("""
    delete from statistics_stale
    where month = :month and network = :network and unit_id = any(:units)
""")
MARK_COUNTRY = text("""
    insert into statistics_stale (month, unit_id, network) values (:month, :country, :network)
""")
PROVINCE = text("select coalesce(province_id, id) from units where id = :id")
COMMUNES = text("select id, parent_id from units where province_id = :id and level = 'commune'")

# The values of a group as one string of bytes each: a million of them are read in a blink. Nulls
# are passed over, and so are the devices of stripped rows.
PACKED = ", ".join(
    [f"string_agg(float8send({metric}), '') as {metric}" for metric in METRICS]
    + ["string_agg(uuid_send(device_id), '') as devices"]
)
OF_COMMUNES = text(f"""
    select unit_id, operator, technology, count(*) as n, {PACKED} from measurements
    where unit_id = any(:units) and day between :first and :last
        and network = :network and counted group by 1, 2, 3
""")  # noqa: S608 # names of columns
OF_COUNTRY = text(f"""
    select operator, technology, count(*) as n, {PACKED} from measurements
    where day between :first and :last and network = :network and counted group by 1, 2
""")  # noqa: S608
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
class Part:
    """Whose statistics are found, and when: a month of a network."""

    month: str
    network: str
    now: datetime

    def values(self, **more: Any) -> dict[str, Any]:
        span = {"first": month_start(self.month), "last": month_end(self.month)}
        return {"month": self.month, "network": self.network, **span, **more}


@dataclass(frozen=True, slots=True)
class Task:
    """A province of a part, or the country, with those of its units that are marked."""

    part: Part
    place: int
    stale: Sequence[int]


def mark_all(month: str | None = None) -> None:
    """Mark everything, or a month, for the next refresh."""
    fold_all()
    values = {"counted": [COUNTED, COUNTED_BY_ADMIN], "month": month}
    db.session.execute(MARK_ALL, values)
    db.session.commit()


def refresh(
    now: datetime,
    month: str | None = None,
    progress: Progress = lambda done, of: None,
    force: Workforce = ALONE,
) -> int:
    """Compute again what is marked, of one month if told; how many communes that was."""
    provinces, countries = [], []
    for (of_month, network), places in _stale(month).items():
        part = Part(of_month, network, now)
        provinces += [Task(part, place, units) for place, units in places if place is not None]
        # The country's own mark, and those of units that lie in no province.
        stray = [unit for place, units in places if place is None for unit in units]
        countries.append(Task(part, COUNTRY, [COUNTRY, *stray]))
    done, todo = 0, len(provinces) + len(countries)
    for tasks in (provinces, countries):  # countries are marked by their provinces
        for _ in force.each(refresh_place, tasks):
            progress(done := done + 1, todo)
    return sum(len(task.stale) for task in provinces)


def refresh_place(task: Task) -> None:
    """Compute a province, or the country."""
    if task.place == COUNTRY:
        refresh_country(task.part, task.stale)
    else:
        refresh_province(task.part, task.place, task.stale)


def refresh_unit(unit_id: int, month: str, now: datetime) -> None:
    """Compute again what is marked in a unit's province, so that its figures are those of now.

    The country is left to the next `refresh`, since nobody should wait for it at a page.
    """
    province = db.session.execute(PROVINCE, {"id": unit_id}).scalar_one()
    for (of_month, network), provinces in _stale(month).items():
        for stale_in, units in provinces:
            if stale_in == province:
                refresh_province(Part(of_month, network, now), province, units)


def _stale(month: str | None) -> dict[tuple[str, str], list[tuple[int | None, list[int]]]]:
    """By month and network: each province with its communes that are marked."""
    fold_all()
    found: dict[tuple[str, str], list[tuple[int | None, list[int]]]] = defaultdict(list)
    for row in db.session.execute(STALE, {"month": month}):
        found[row.month, row.network].append((row.province_id, row.units))
    db.session.commit()
    return found


def refresh_province(part: Part, province: int, stale: Sequence[int]) -> None:
    """Find the marked communes of a province, their districts and itself; commit."""
    _begin(part, province, stale)
    db.session.execute(MARK_COUNTRY, part.values(country=COUNTRY))
    above = {row.id: row.parent_id for row in db.session.execute(COMMUNES, {"id": province})}
    by_commune: dict[int, list[Samples]] = defaultdict(list)
    rows = db.session.execute(OF_COMMUNES, part.values(units=list(above))).mappings().all()
    for row, samples in zip(rows, _samples(rows), strict=True):
        by_commune[row["unit_id"]].append(samples)
    wanted: dict[int, list[int]] = {unit: [unit] for unit in stale}
    for district in {above[unit] for unit in stale if above.get(unit)}:
        wanted[district] = [unit for unit, parent in above.items() if parent == district]
    wanted[province] = list(above)
    found = {
        unit: [one for commune in communes for one in by_commune.get(commune, ())]
        for unit, communes in wanted.items()
    }
    _write(part, found)


def refresh_country(part: Part, stale: Sequence[int] = (COUNTRY,)) -> None:
    """Find the country's statistics of a month; commit."""
    _begin(part, COUNTRY, stale)
    follow_indexes()
    rows = db.session.execute(OF_COUNTRY, part.values()).mappings().all()
    _write(part, {COUNTRY: _samples(rows)})


def _begin(part: Part, place: int, units: Sequence[int]) -> None:
    db.session.execute(LOCK, {"lock": STATISTICS_LOCK, "place": place})
    db.session.execute(UNMARK, part.values(units=list(units)))


def _samples(rows: Sequence[Mapping[Any, Any]]) -> list[Samples]:
    """The groups of an answer, their devices numbered across all of them."""
    packed = [np.frombuffer(row["devices"] or b"", dtype=rule.DEVICE) for row in rows]
    numbers = rule.numbered(np.concatenate([np.empty(0, rule.DEVICE), *packed]))
    ends = np.cumsum([len(one) for one in packed])
    return [
        Samples(
            operator=row["operator"] or rule.UNKNOWN,
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


def _write(part: Part, found: Mapping[int, Iterable[Samples]]) -> None:
    minimum = setting("MINIMUM_N")
    rows = [
        {
            "unit_id": unit,
            "operator": operator,
            "technology": technology,
            "n": sum(one.n for one in group),
            "devices": rule.device_count(group),
            "figures": rule.figures(group, technology, minimum),
        }
        for unit, samples in found.items()
        for (operator, technology), group in rule.groups(samples)
    ]
    db.session.execute(REMOVE, part.values(units=list(found)))
    db.session.execute(WRITE, part.values(rows=dump(rows), now=part.now))
    db.session.commit()
