"""Clusters of communes: a named list of units, of an organisation or of the admins."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select

from backend.accounts.access import SYSTEM, Actor, Scope, require, require_recent
from backend.accounts.audit import record_act
from backend.accounts.models import Role
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import invalid
from backend.http import etags
from backend.organisations.models import Cluster, ClusterUnit
from backend.organisations.references import serialize_units, unit_ids
from backend.organisations.scopes import requested_organisation_scope
from backend.organisations.service import lock_organisation
from backend.organisations.versions import (
    audit_values,
    changed_values,
    end_roles,
    get_row,
    page_by_name,
    update_row,
)
from backend.units.models import Unit
from geo.gazetteer import sort_key

FIELDS = ("organisation_id", "name", "valid_from", "valid_to")


def list_clusters(query: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return a page of the clusters of today in Vietnamese order; public."""
    rows = select(Cluster)
    if query["ended"] == "false":
        rows = rows.where(func.coalesce(Cluster.valid_to, today) >= today)
    if query["organisation"] is not None:
        rows = rows.where(Cluster.organisation_id == query["organisation"])
    page, next_cursor = page_by_name(Cluster, rows, query)
    return {"items": _serialize_clusters(page), "next": next_cursor}


def show_cluster(cluster_id: int) -> dict[str, Any]:
    """Return one cluster; 404 where there is none."""
    [answer] = _serialize_clusters([get_row(Cluster, cluster_id)])
    return answer


def create_cluster(actor: Actor, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Add a cluster."""
    organisation = data["organisation_id"]
    require(actor, "cluster.edit", _scope(organisation))
    if organisation is not None:
        lock_organisation(organisation)
    units = unit_ids(data["units"], "units")
    span = data["valid_from"] or local_day(now), data["valid_to"]
    row = add_cluster(actor, organisation, data["name"], span, units)
    [answer] = _serialize_clusters([row])
    db.session.commit()
    return answer


def add_cluster(
    actor: Actor,
    organisation_id: int | None,
    name: str,
    span: tuple[date, date | None],
    units: Collection[int],
) -> Cluster:
    """Add a cluster that ends at the latest with its first unit; the caller commits."""
    last = _last_day(units, span[1])
    if last is not None and last < span[0]:
        raise invalid("valid_from", "units_ended")
    values = {"organisation_id": organisation_id, "name": name, "valid_from": span[0]}
    row = Cluster(**values, valid_to=last)
    db.session.add(row)
    db.session.flush()
    _write_units(row.id, units)
    after = audit_values(values | {"valid_to": last, "units": frozenset(units)})
    record_act(actor, "cluster.create", f"cluster:{row.id}", after=after)
    db.session.refresh(row)
    return row


def change_cluster(
    actor: Actor,
    cluster_id: int,
    expected: etags.Expected,
    changes: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Change the given fields; only an admin changes the units of a cluster that is an area."""
    row = _editable_cluster(actor, cluster_id)
    etags.must_match(expected, row.version)
    values = {name: changes[name] for name in ("name", "valid_to") if name in changes}
    units = before = units_of(row.id)
    if "units" in changes:
        units = unit_ids(changes["units"], "units")
    values["valid_to"] = _last_day(units, values.get("valid_to", row.valid_to))
    if values["valid_to"] is not None and values["valid_to"] < row.valid_from:
        raise invalid("valid_to", "before_first_day")
    changed = changed_values(row, values)
    if "valid_to" in changed or units != before:
        _require_own_area(actor, row.id, now)
    if changed or units != before:
        old = {name: getattr(row, name) for name in changed} | {"units": before}
        keys = {"sort_key": sort_key(changed["name"])} if "name" in changed else {}
        update_row(row, changed | keys)
        _write_units(row.id, units)
        after = audit_values(changed | {"units": units})
        subject = f"cluster:{row.id}"
        record_act(actor, "cluster.change", subject, before=audit_values(old), after=after)
    [answer] = _serialize_clusters([row])
    db.session.commit()
    return answer


def end_cluster(
    actor: Actor, cluster_id: int, expected: etags.Expected, now: datetime
) -> dict[str, Any] | None:
    """Remove a cluster that was never an area, and return None; else an admin ends it."""
    row = _editable_cluster(actor, cluster_id)
    etags.must_match(expected, row.version)
    _require_own_area(actor, row.id, now)
    subject, before = f"cluster:{row.id}", {name: getattr(row, name) for name in FIELDS}
    if not _is_area(row.id):
        db.session.delete(row)
        record_act(actor, "cluster.remove", subject, before=audit_values(before))
        db.session.commit()
        return None
    last = max(local_day(now), row.valid_from)
    if row.valid_to is None or row.valid_to > last:
        update_row(row, {"valid_to": last})
    roles = end_roles("cluster", cluster_id, now)
    record_act(actor, "cluster.end", subject, before=audit_values(before), ended={"roles": roles})
    [answer] = _serialize_clusters([row])
    db.session.commit()
    return answer


def units_of(cluster_id: int) -> frozenset[int]:
    """Return the units of a cluster."""
    query = select(ClusterUnit.unit_id).where(ClusterUnit.cluster_id == cluster_id)
    return frozenset(db.session.scalars(query))


def _serialize_clusters(rows: Sequence[Cluster]) -> list[dict[str, Any]]:
    """Return clusters as answers; their units are read by one query."""
    members = select(ClusterUnit.cluster_id, ClusterUnit.unit_id)
    own: dict[int, set[int]] = {row.id: set() for row in rows}
    for cluster, unit in db.session.execute(members.where(ClusterUnit.cluster_id.in_(own))):
        own[cluster].add(unit)
    units = serialize_units(frozenset[int]().union(*own.values()))  # in Vietnamese order
    names = ("id", *FIELDS, "version")
    return [
        {name: getattr(row, name) for name in names}
        | {"units": [unit for id, unit in units.items() if id in own[row.id]]}
        for row in rows
    ]


def _editable_cluster(actor: Actor, cluster_id: int) -> Cluster:
    row = get_row(Cluster, cluster_id)
    require(actor, "cluster.edit", _scope(row.organisation_id))
    return row


def _scope(organisation_id: int | None) -> Scope:
    """Return the scope of an organisation, or of the whole system."""
    return SYSTEM if organisation_id is None else requested_organisation_scope(organisation_id)


def _require_own_area(actor: Actor, cluster_id: int, now: datetime) -> None:
    """Allow only admins to change the area of an official, which gives access as a role does."""
    if _is_area(cluster_id):
        require(actor, "users.manage")
        require_recent(actor, now)


def _is_area(cluster_id: int) -> bool:
    roles = select(Role.id).where(Role.scope_kind == "cluster", Role.scope_id == cluster_id)
    return db.session.scalar(roles.limit(1)) is not None


def _last_day(units: Collection[int], requested: date | None) -> date | None:
    """Return the last day of a cluster: at the latest that of its first unit that ends."""
    ends = select(func.min(Unit.valid_to)).where(Unit.id.in_(units))
    last = db.session.scalar(ends)
    return last if requested is None or (last is not None and last < requested) else requested


def _write_units(cluster_id: int, units: Collection[int]) -> None:
    db.session.execute(
        delete(ClusterUnit).where(ClusterUnit.cluster_id == cluster_id),
        execution_options={"synchronize_session": False},
    )
    rows = [{"cluster_id": cluster_id, "unit_id": unit} for unit in sorted(units)]
    db.session.execute(insert(ClusterUnit), rows)
