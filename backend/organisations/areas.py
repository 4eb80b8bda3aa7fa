"""Areas of officials as requests and answers name them: a unit, or a cluster of communes."""

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


def named_area(asked: Mapping[str, Any], now: datetime) -> tuple[Kind, int]:
    """The unit or cluster that a request names, one of them, and that still is."""
    unit, cluster_id = asked["unit"], asked["cluster_id"]
    if (unit is None) == (cluster_id is None):
        raise invalid("unit", "unit_or_cluster")
    if cluster_id is not None:
        return "cluster", lasting_cluster(cluster_id, "cluster_id", now)
    return "unit", lasting_unit(unit, "unit", now)


def lasting_cluster(cluster_id: int, field: str, now: datetime) -> int:
    """A cluster that still is."""
    row = db.session.get(Cluster, cluster_id)
    if row is None:
        raise invalid(field, "scope_unknown")
    if row.valid_to is not None and row.valid_to < local_day(now):
        raise invalid(field, "cluster_ended")
    return row.id


def lasting_unit(named: Mapping[str, Any], field: str, now: datetime) -> int:
    """The row of a unit that still is; its level tells apart what one code stands for twice."""
    rows = select(Unit).where(Unit.system == named["system"], Unit.code == named["code"])
    if named["level"] is not None:
        rows = rows.where(Unit.level == named["level"])
    found = list(db.session.scalars(rows))
    if len(found) != 1:
        raise invalid(field, "unit_ambiguous" if found else "scope_unknown")
    if found[0].valid_to is not None and found[0].valid_to < local_day(now):
        raise invalid(field, "unit_ended")
    return found[0].id


def areas_told(areas: Collection[AreaKey]) -> dict[AreaKey, dict[str, Any]]:
    """Areas by their names, read for all of them at once."""
    units = serialize_units([one for kind, one in areas if kind == "unit"])
    wanted = {one for kind, one in areas if kind == "cluster"}
    rows = select(Cluster.id, Cluster.name).where(Cluster.id.in_(wanted))
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
