"""References to units, clusters and areas of officials in requests and answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import select, tuple_

from backend.accounts.access import Kind
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid
from backend.organisations.models import Cluster
from backend.units.models import Unit

KEY = (Unit.system, Unit.level, Unit.code)
AreaKey = tuple[str, int | None]  # unit or cluster, and its row


class NamedRef(TypedDict):
    """A cluster, a campaign or a team by its name."""

    id: int
    name: str


class UnitReference(TypedDict):
    """A unit as a request names it."""

    system: str  # 2024 with districts, 2025 without
    level: str
    code: str


class UnitCode(TypedDict):
    """A unit by its code, as requests about roles name it."""

    system: str
    code: str
    level: str | None  # null: no two levels share the code


class UnitBrief(TypedDict):
    """A unit with its name."""

    id: int
    system: str  # 2024 with districts, 2025 without
    level: str  # province, district, commune
    code: str
    name: str


def unit_id(named: UnitReference | None, field: str) -> int | None:
    """Return the id of a named unit; 422 where there is none."""
    if named is None:
        return None
    found = _ids_by_key([named]).get(_key(named))
    if found is None:
        raise invalid(field, "no_such_unit")
    return found


def unit_ids(named: Sequence[UnitReference], field: str) -> frozenset[int]:
    """Return the ids of the named units; 422 with an error for each unknown one."""
    found = _ids_by_key(named)
    missing = [
        FieldError(f"{field}.{at}", "no_such_unit")
        for at, one in enumerate(named)
        if _key(one) not in found
    ]
    if missing:
        raise Problem(422, "invalid", missing)
    return frozenset(found[_key(one)] for one in named)


def serialize_units(ids: Collection[int | None]) -> dict[int | None, UnitBrief]:
    """Return units as answers, by id and in Vietnamese order; null ids are left out."""
    known = {one for one in ids if one is not None}
    if not known:
        return {}
    rows = db.session.execute(
        select(Unit.id, *KEY, Unit.name)
        .where(Unit.id.in_(known))
        .order_by(Unit.system, Unit.sort_key.collate("C"), Unit.id)
    )
    return {
        row.id: {
            "id": row.id,
            "system": row.system,
            "level": row.level,
            "code": row.code,
            "name": row.name,
        }
        for row in rows
    }


class RequestedArea(TypedDict):
    """The unit or the cluster that a request names; the other is null."""

    unit: UnitCode | None
    cluster_id: int | None


def requested_area(data: RequestedArea, now: datetime) -> tuple[Kind, int]:
    """Return the one unit or cluster that a request names and that has not ended."""
    unit, cluster_id = data["unit"], data["cluster_id"]
    if (unit is None) == (cluster_id is None):
        raise invalid("unit", "unit_or_cluster")
    if cluster_id is not None:
        return "cluster", current_cluster_id(cluster_id, "cluster_id", now)
    assert unit is not None
    return "unit", current_unit_id(unit, "unit", now)


def current_cluster_id(cluster_id: int, field: str, now: datetime) -> int:
    """Return the id of a cluster that has not ended."""
    row = db.session.get(Cluster, cluster_id)
    if row is None:
        raise invalid(field, "scope_unknown")
    if row.valid_to is not None and row.valid_to < local_day(now):
        raise invalid(field, "cluster_ended")
    return row.id


def current_unit_id(named: UnitCode | UnitReference, field: str, now: datetime) -> int:
    """Return the id of a unit that has not ended; its level is needed where levels share a code."""
    rows = select(Unit).where(Unit.system == named["system"], Unit.code == named["code"])
    if named["level"] is not None:
        rows = rows.where(Unit.level == named["level"])
    found = list(db.session.scalars(rows))
    if len(found) != 1:
        raise invalid(field, "unit_ambiguous" if found else "scope_unknown")
    if found[0].valid_to is not None and found[0].valid_to < local_day(now):
        raise invalid(field, "unit_ended")
    return found[0].id


class AreaAnswer(TypedDict):
    """A unit or a cluster of communes; the other is null."""

    unit: UnitBrief | None
    cluster: NamedRef | None


def serialize_areas(areas: Collection[AreaKey]) -> dict[AreaKey, AreaAnswer]:
    """Return areas with their names, read by one query each."""
    units = serialize_units([one for kind, one in areas if kind == "unit"])
    ids = {one for kind, one in areas if kind == "cluster"}
    rows = select(Cluster.id, Cluster.name).where(Cluster.id.in_(ids))
    clusters: dict[int | None, NamedRef] = {
        id: {"id": id, "name": name} for id, name in db.session.execute(rows)
    }
    return {
        (kind, one): {
            "unit": units.get(one) if kind == "unit" else None,
            "cluster": clusters.get(one) if kind == "cluster" else None,
        }
        for kind, one in areas
    }


def _ids_by_key(named: Sequence[UnitReference]) -> dict[tuple[str, ...], int]:
    keys = {_key(one) for one in named}
    rows = db.session.execute(select(Unit.id, *KEY).where(tuple_(*KEY).in_(keys)))
    return {(row[1], row[2], row[3]): row[0] for row in rows}


def _key(named: UnitReference) -> tuple[str, ...]:
    return named["system"], named["level"], named["code"]
