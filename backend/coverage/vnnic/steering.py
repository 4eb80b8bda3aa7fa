"""Whose count steers a province: ours, or VNNIC's, by which the ministry judges.

Steering decides what lists, reminders and plans say is needed of a commune. Targets, counts,
letters and releases stay ours whoever steers.
"""

from datetime import date, datetime
from typing import Annotated, Literal, TypedDict

from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.coverage.figures.unit_access import (
    UnitWithLevel,
    serialize_unit,
)
from backend.coverage.vnnic.models import Steering
from backend.database.extensions import db, fetch
from backend.organisations.scopes import authorized_unit_on, unit_scope
from backend.units.service import UnitRow, find

SEE, EDIT = "unit.samples", "vnnic.steer"
SteeredBy = Literal["own", "vnnic"]
STEERED_BY: tuple[SteeredBy, ...] = ("own", "vnnic")
# Some rows a province: whether VNNIC steers any is one cheap question.
IN_FORCE = """
    select distinct on (province_id) province_id, steered_by, since from steering
    where network = %(network)s and since <= %(day)s
    order by province_id, since desc
"""


class SteeringChange(TypedDict):
    """Whose count steers a province on a network from today on."""

    network: str
    steered_by: SteeredBy


class SteeringAnswer(TypedDict):
    """Whose count steers a province on a network."""

    unit: UnitWithLevel
    network: str
    steered_by: Annotated[SteeredBy, "Ours (own), or VNNIC's"]
    since: Annotated[date | None, "First day; null: it was never changed"]


def steered_by(province_id: int, network: str, day: date) -> SteeredBy:
    """Return whose count steers a province on a day."""
    return "vnnic" if province_id in steered_by_vnnic(network, day) else "own"


def steered_by_vnnic(network: str, day: date) -> dict[int, date]:
    """Return the first day of each province that VNNIC's count steers on a day, by id."""
    rows = fetch(IN_FORCE, {"network": network, "day": day})
    return {row["province_id"]: row["since"] for row in rows if row["steered_by"] == "vnnic"}


def show_steering(actor: Actor, code: str, network: str, now: datetime) -> SteeringAnswer:
    """Return whose count steers a province, for its officials; 404 outside the own area."""
    return _answer(authorized_unit_on(actor, SEE, code, "province", local_day(now)), network, now)


def set_steering(actor: Actor, code: str, data: SteeringChange, now: datetime) -> SteeringAnswer:
    """Let VNNIC's count steer a province from today on, or ours again."""
    today, network = local_day(now), data["network"]
    province = find(today, code, "province")
    require(actor, EDIT, unit_scope(province.id))
    before = steered_by(province.id, network, today)
    if before != data["steered_by"]:
        values = {"province_id": province.id, "since": today, **data}
        row = insert(Steering).values(**values)
        key = ["province_id", "network", "since"]  # of two changes of a day the later one holds
        row = row.on_conflict_do_update(index_elements=key, set_={"steered_by": data["steered_by"]})
        db.session.execute(row)
        change = {"network": network, "before": before, "after": data["steered_by"]}
        record_act(actor, EDIT, f"unit:{province.id}", **change)
        db.session.commit()
    return _answer(province, network, now)


def _answer(province: UnitRow, network: str, now: datetime) -> SteeringAnswer:
    rows = fetch(IN_FORCE, {"network": network, "day": local_day(now)})
    row = next((one for one in rows if one["province_id"] == province.id), None)
    return {
        "unit": serialize_unit(province),
        "network": network,
        "steered_by": row["steered_by"] if row else "own",
        "since": row["since"] if row else None,
    }
