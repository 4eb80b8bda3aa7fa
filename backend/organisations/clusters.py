"""Clusters of communes (khu vực): named lists of communes of a province, made by admins.

A list is never changed, since roles are over it: it ends, and a new one follows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict

from sqlalchemy import ColumnElement, func, insert, or_, select

from backend.accounts.access import Actor, require, require_recent
from backend.accounts.audit import record_act
from backend.accounts.models import Role
from backend.accounts.users import in_force
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import Problem, invalid, or_404
from backend.organisations.models import Cluster, ClusterUnit
from backend.organisations.references import NamedRef, UnitBrief, serialize_units
from backend.organisations.versions import audit_values, end_roles, name_order
from backend.units.index import NamedUnit, unit_index, words_of
from backend.units.models import Unit
from backend.units.search import query_words

ACT = "cluster.edit"
DAY = timedelta(days=1)
# One commune is an area by itself.
LEAST_COMMUNES = 2


class ClusterDetails(TypedDict):
    """A cluster of communes."""

    id: int
    name: str
    province: str  # the name of the province of its communes
    valid_from: date
    valid_to: date | None  # the last day; null: it lasts
    lasts: bool  # it has not ended
    communes: list[UnitBrief]  # in Vietnamese order
    roles: int  # in force over it, deputies' among them


@dataclass(frozen=True, slots=True)
class ClusterPlace:
    """A cluster as a place whose communes are counted."""

    id: int
    name: str
    valid_to: date | None  # the last day; None: it lasts
    communes: frozenset[int]


def make_cluster(actor: Actor, name: str, communes: Collection[int], now: datetime) -> int:
    """Add a cluster of communes of one province; return its id."""
    require(actor, ACT)
    require_recent(actor, now)
    today = local_day(now)
    province = _province_of(communes, today)
    for one in list_clusters(now):
        if one["lasts"] and (one["name"], one["province"]) == (name, province.name):
            raise invalid("name", "cluster_name_taken")
    made = add_cluster(actor, name, communes, today)
    db.session.commit()
    return made


def _province_of(communes: Collection[int], today: date) -> NamedUnit:
    """Return the province of communes that can be a cluster; 422 for others."""
    index = unit_index()
    units = [index.by_id[one] for one in communes]
    if any(unit.level != "commune" or not unit.valid_on(today) for unit in units):
        raise invalid("communes", "unit_ended")
    if len(units) < LEAST_COMMUNES:
        raise invalid("communes", "cluster_too_small")
    provinces = {unit.id: unit for unit in map(index.province_of, units)}
    if len(provinces) > 1:
        raise invalid("communes", "cluster_of_provinces")
    return provinces.popitem()[1]


def add_cluster(actor: Actor, name: str, units: Collection[int], first_day: date) -> int:
    """Add a cluster, which ends with its first unit, to the transaction; return its id."""
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


def find_same(name: str, units: Collection[int], today: date) -> int | None:
    """Return the lasting cluster of exactly these units with a name; None where there is none."""
    rows = select(Cluster.id).where(Cluster.name == name, _lasts(today)).order_by(Cluster.id)
    wanted = frozenset(units)
    return next((one for one in db.session.scalars(rows) if units_of(one) == wanted), None)


def end_cluster(actor: Actor, cluster_id: int, now: datetime) -> None:
    """End a cluster and the roles over it at once."""
    require(actor, ACT)
    require_recent(actor, now)
    row = or_404(db.session.get(Cluster, cluster_id, with_for_update=True, populate_existing=True))
    today = local_day(now)
    if row.valid_to is not None and row.valid_to < today:
        raise Problem(409, "cluster_ended")
    before = {"valid_to": row.valid_to}
    row.valid_to = max(today, row.valid_from) - DAY  # one of today has no day
    record_act(
        actor, "cluster.end", f"cluster:{row.id}", before=audit_values(before),
        after=audit_values({"valid_to": row.valid_to}),
        ended={"roles": end_roles("cluster", cluster_id, now)},
    )  # fmt: skip
    db.session.commit()


def list_clusters(now: datetime) -> list[ClusterDetails]:
    """Return all clusters in Vietnamese order, ended ones last."""
    today = local_day(now)
    rows = db.session.scalars(select(Cluster).order_by(*name_order(Cluster))).all()
    members: defaultdict[int, set[int]] = defaultdict(set)
    for cluster, unit in db.session.execute(select(ClusterUnit.cluster_id, ClusterUnit.unit_id)):
        members[cluster].add(unit)
    units = serialize_units(frozenset[int]().union(*members.values()))
    held = select(Role.scope_id).where(Role.scope_kind == "cluster", in_force(now))
    roles = Counter(db.session.scalars(held))
    found = [_details(row, members[row.id], units, roles[row.id], today) for row in rows]
    return sorted(found, key=lambda one: not one["lasts"])


def _details(
    row: Cluster, members: set[int], units: dict[int | None, UnitBrief], roles: int, today: date
) -> ClusterDetails:
    communes = [unit for id, unit in units.items() if id in members]
    return {
        "id": row.id,
        "name": row.name,
        "province": province_name(members),
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "lasts": row.valid_to is None or row.valid_to >= today,
        "communes": communes,
        "roles": roles,
    }


def province_name(communes: Collection[int]) -> str:
    """Return the name of the province of a cluster's communes."""
    index = unit_index()
    names = {index.province_of(index.by_id[one]).name for one in communes}
    return ", ".join(sorted(names))


def units_of(cluster_id: int) -> frozenset[int]:
    """Return the units of a cluster."""
    query = select(ClusterUnit.unit_id).where(ClusterUnit.cluster_id == cluster_id)
    return frozenset(db.session.scalars(query))


def read_place(cluster_id: int) -> ClusterPlace:
    """Return a cluster as a place; 404 where there is none."""
    row = or_404(db.session.get(Cluster, cluster_id), "cluster_unknown")
    return ClusterPlace(row.id, row.name, row.valid_to, units_of(cluster_id))


def search_clusters(text: str, today: date, limit: int) -> list[NamedRef]:
    """Return the lasting clusters whose names have words that begin with those of a text."""
    begins = [f" {word}" for word in query_words(text).split()]
    query = select(Cluster.id, Cluster.name).where(_lasts(today)).order_by(*name_order(Cluster))
    rows = db.session.execute(query) if begins else ()
    found: list[NamedRef] = [
        {"id": row.id, "name": row.name}
        for row in rows
        if all(begin in f" {words_of(row.name)}" for begin in begins)
    ]
    return found[:limit]


def clusters_in(unit_id: int, today: date) -> Sequence[NamedRef]:
    """Return the lasting clusters with a commune or of a province, in Vietnamese order."""
    inside = select(ClusterUnit.cluster_id).join(Unit, Unit.id == ClusterUnit.unit_id)
    inside = inside.where(or_(Unit.id == unit_id, Unit.province_id == unit_id))
    query = select(Cluster.id, Cluster.name).where(_lasts(today), Cluster.id.in_(inside))
    rows = db.session.execute(query.order_by(*name_order(Cluster)))
    return [{"id": row.id, "name": row.name} for row in rows]


def clusters_named(ids: Collection[int]) -> Sequence[NamedRef]:
    """Return clusters by their ids, in Vietnamese order."""
    query = select(Cluster.id, Cluster.name).where(Cluster.id.in_(ids))
    rows = db.session.execute(query.order_by(*name_order(Cluster)))
    return [{"id": row.id, "name": row.name} for row in rows]


def _lasts(today: date) -> ColumnElement[bool]:
    return or_(Cluster.valid_to.is_(None), Cluster.valid_to >= today)
