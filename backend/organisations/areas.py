"""Areas of officials in requests and answers: a unit, or a cluster of communes."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backend.accounts.access import Kind
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import invalid
from backend.organisations.models import Cluster
from backend.organisations.unit_names import serialize_units
from backend.units.models import Unit

AreaKey = tuple[str, int | None]  # unit or cluster, and its row


def requested_area(data: Mapping[str, Any], now: datetime) -> tuple[Kind, int]:
    """Return the one unit or cluster that a request names and that has not ended."""
    unit, cluster_id = data["unit"], data["cluster_id"]
    if (unit is None) == (cluster_id is None):
        raise invalid("unit", "unit_or_cluster")
    if cluster_id is not None:
        return "cluster", current_cluster_id(cluster_id, "cluster_id", now)
    return "unit", current_unit_id(unit, "unit", now)


def current_cluster_id(cluster_id: int, field: str, now: datetime) -> int:
    """Return the id of a cluster that has not ended."""
    row = db.session.get(Cluster, cluster_id)
    if row is None:
        raise invalid(field, "scope_unknown")
    if row.valid_to is not None and row.valid_to < local_day(now):
        raise invalid(field, "cluster_ended")
    return row.id


def current_unit_id(named: Mapping[str, Any], field: str, now: datetime) -> int:
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


def serialize_areas(areas: Collection[AreaKey]) -> dict[AreaKey, dict[str, Any]]:
    """Return areas with their names, read by one query each."""
    units = serialize_units([one for kind, one in areas if kind == "unit"])
    ids = {one for kind, one in areas if kind == "cluster"}
    rows = select(Cluster.id, Cluster.name).where(Cluster.id.in_(ids))
    clusters: dict[int | None, Any] = {
        id: {"id": id, "name": name} for id, name in db.session.execute(rows)
    }
    return {
        (kind, one): {
            "unit": units.get(one) if kind == "unit" else None,
            "cluster": clusters.get(one) if kind == "cluster" else None,
        }
        for kind, one in areas
    }
