"""Selection of the measurements that an exclusion concerns."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.coverage.signals.findings import device_number
from backend.coverage.signals.queries import month_bounds
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid

# Ids of measurements by device.
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
# Measurements whose latest decision is this act, in whichever commune they are assigned now.
EXCLUDED = text("""
    select m.id, m.device_id, m.raw is null as final from exclusions e
    join measurements m on m.id = e.measurement_id
    where e.act_id = :act and not exists (
        select from exclusions o where o.measurement_id = e.measurement_id and o.id > e.id)
""")


def select_by_id(ids: Sequence[UUID], units: Sequence[int], month: str) -> list[Any]:
    """Return measurements by id; 422 for each one outside the units or the month."""
    parameters = {**_parameters(units, month), "ids": list(ids)}
    rows = list(db.session.execute(OF_IDS, parameters).mappings())
    known = {row["id"] for row in rows}
    missing = [
        FieldError(f"measurements.{position}", "not_in_unit")
        for position, one in enumerate(ids)
        if one not in known
    ]
    if missing:
        raise Problem(422, "invalid", missing)
    return rows


def select_by_device(wanted: int, units: Sequence[int], month: str, secret_key: str) -> list[Any]:
    """Return the measurements in these units of the device with a number in that month."""
    ids = db.session.execute(DEVICES, _parameters(units, month)).scalars()
    devices = [device for device in ids if device_number(device, month, secret_key) == wanted]
    if len(devices) != 1:
        raise invalid("device", "device_ambiguous" if devices else "device_unknown")
    since, until = month_bounds(month)
    parameters = {
        **_parameters(units, month), "device": devices[0], "since": since, "until": until
    }  # fmt: skip
    return list(db.session.execute(OF_DEVICE, parameters).mappings())


def excluded_by(act_id: int) -> list[Any]:
    """Return the measurements that an act keeps out of the counts."""
    return list(db.session.execute(EXCLUDED, {"act": act_id}).mappings())


def by_device(rows: Iterable[Any]) -> ByDevice:
    """Group ids by device, in a fixed order so that concurrent decisions do not deadlock."""
    grouped: dict[UUID | None, list[UUID]] = defaultdict(list)
    for row in rows:
        grouped[row["device_id"]].append(row["id"])
    return {one: sorted(grouped[one]) for one in sorted(grouped, key=str)}


def _parameters(units: Sequence[int], month: str) -> dict[str, Any]:
    return {"units": list(units), "first": month_start(month), "last": month_end(month)}
