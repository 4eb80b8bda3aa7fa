"""What exclusions concern: measurements of a unit's month, and what the commune's counts become."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.coverage.figures.counts import by_unit
from backend.coverage.signals.findings import device_number
from backend.coverage.signals.queries import month_bounds
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid
from backend.measurements.recording.counting import CountDeltas
from backend.measurements.recording.reasons import COUNTED, COUNTED_BY_ADMIN
from backend.measurements.recording.rules import NETWORKS

ByDevice = Mapping[UUID | None, Sequence[UUID]]

STATE = """
    select m.id, m.device_id, m.raw is null as final, coalesce(latest.excluded, false) as excluded
    from measurements m left join lateral (
        select e.excluded from exclusions e where e.measurement_id = m.id order by e.id desc limit 1
    ) latest on true
    where m.unit_id = any(:units) and m.day between :first and :last
"""
OF_IDS = text(f"{STATE} and m.id = any(:ids)")
OF_DEVICE = text(f"""
    {STATE} and m.device_id = :device and m.measured_at >= :since and m.measured_at < :until
""")
DEVICES = text("""
    select distinct device_id from measurements
    where unit_id = any(:units) and day between :first and :last and device_id is not null
""")
# What an act took out and still holds out, wherever a later assignment put it.
HELD = text("""
    select m.id, m.device_id, m.raw is null as final from exclusions e
    join measurements m on m.id = e.measurement_id
    where e.act_id = :act and not exists (
        select from exclusions o where o.measurement_id = e.measurement_id and o.id > e.id)
""")
UNITS = text("select id, system, level, code, name from units where id = any(:ids)")


def chosen_ids(ids: Sequence[UUID], units: Sequence[int], month: str) -> list[Any]:
    """Measurements by id; 422 for each that does not lie in the unit and month."""
    values = {**_span(units, month), "ids": list(ids)}
    found = list(db.session.execute(OF_IDS, values).mappings())
    there = {row["id"] for row in found}
    missing = [
        FieldError(f"measurements.{place}", "not_in_unit")
        for place, one in enumerate(ids)
        if one not in there
    ]
    if missing:
        raise Problem(422, "invalid", missing)
    return found


def chosen_device(wanted: int, units: Sequence[int], month: str, key: str) -> list[Any]:
    """The measurements of the device that has a number in that month, in these units."""
    devices = db.session.execute(DEVICES, _span(units, month)).scalars()
    found = [device for device in devices if device_number(device, month, key) == wanted]
    if len(found) != 1:
        raise invalid("device", "device_ambiguous" if found else "device_unknown")
    since, until = month_bounds(month)
    values = {**_span(units, month), "device": found[0], "since": since, "until": until}
    return list(db.session.execute(OF_DEVICE, values).mappings())


def held_by(act_id: int) -> list[Any]:
    """The measurements that an act holds out."""
    return list(db.session.execute(HELD, {"act": act_id}).mappings())


def by_device(rows: Iterable[Any]) -> ByDevice:
    """The ids of each device, devices in order: two decisions at once wait and do not deadlock."""
    grouped: dict[UUID | None, list[UUID]] = defaultdict(list)
    for row in rows:
        grouped[row["device_id"]].append(row["id"])
    return {one: sorted(grouped[one]) for one in sorted(grouped, key=str)}


def counted_now(month: str) -> Mapping[tuple[int | None, str], int]:
    """What each unit has counted in a month, by network."""
    return {
        (unit, network): tally.counted
        for network in NETWORKS
        for unit, tally in by_unit(month, network).items()
    }


def moved(deltas: Iterable[CountDeltas]) -> Counter[tuple[int | None, str, str]]:
    """Changes of counts by unit, network and fate; what did not change in sum is left out."""
    sums: Counter[tuple[int | None, str, str]] = Counter()
    for one in deltas:
        for row in one.rows():
            sums[row["unit_id"], row["network"], row["fate"]] += row["n"]
    return Counter({key: n for key, n in sums.items() if n})


def verdicts_told(sums: Counter[tuple[int | None, str, str]]) -> list[dict[str, Any]]:
    """How many more or fewer met each fate."""
    fates: Counter[tuple[str, str]] = Counter()
    for (_, network, fate), n in sums.items():
        fates[network, fate] += n
    return [{"network": network, "fate": fate, "change": n}
            for (network, fate), n in sorted(fates.items()) if n]  # fmt: skip


def units_told(
    sums: Counter[tuple[int | None, str, str]], before: Mapping[tuple[int | None, str], int]
) -> list[dict[str, Any]]:
    """What the counts of each unit become."""
    counted: Counter[tuple[int, str]] = Counter()
    for (unit, network, fate), n in sums.items():
        if unit is not None:
            counted[unit, network] += n if fate in (COUNTED, COUNTED_BY_ADMIN) else 0
    ids = sorted({unit for unit, _ in counted})
    names = {row["id"]: dict(row) for row in db.session.execute(UNITS, {"ids": ids}).mappings()}
    return [
        {"unit": names[unit], "network": network, "counted_before": before.get((unit, network), 0),
         "counted_after": before.get((unit, network), 0) + n}
        for (unit, network), n in sorted(counted.items())
    ]  # fmt: skip


def _span(units: Sequence[int], month: str) -> dict[str, Any]:
    return {"units": list(units), "first": month_start(month), "last": month_end(month)}
