"""Clusters of communes: the successors of a unit that ended, as one area of an official."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import func, insert, select

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.organisations.models import Cluster, ClusterUnit
from backend.organisations.versions import audit_values
from backend.units.models import Unit


def add_cluster(actor: Actor, name: str, first_day: date, units: Collection[int]) -> int:
    """Add a cluster that ends with its first unit, and return its id; the caller commits."""
    last = db.session.scalar(select(func.min(Unit.valid_to)).where(Unit.id.in_(units)))
    values = {"name": name, "valid_from": first_day, "valid_to": last}
    row = Cluster(**values)
    db.session.add(row)
    db.session.flush()
    rows = [{"cluster_id": row.id, "unit_id": unit} for unit in sorted(units)]
    db.session.execute(insert(ClusterUnit), rows)
    after = audit_values(values | {"units": frozenset(units)})
    record_act(actor, "cluster.create", f"cluster:{row.id}", after=after)
    return row.id


def units_of(cluster_id: int) -> frozenset[int]:
    """Return the units of a cluster."""
    query = select(ClusterUnit.unit_id).where(ClusterUnit.cluster_id == cluster_id)
    return frozenset(db.session.scalars(query))
