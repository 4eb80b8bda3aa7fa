"""Scopes of organisations, teams, campaigns and units: the roles that apply to them."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from sqlalchemy import text

from backend.accounts.access import Actor, Scope, require
from backend.database.extensions import db
from backend.errors import Problem, invalid, or_404
from backend.units.index import successors
from backend.units.service import UnitRow, find

# An organisation and those above it; `union` stops at a loop of parents.
ABOVE = text("""
    with recursive above as (
        select id, parent_id from organisations where id = :id
        union
        select o.id, o.parent_id from organisations o join above a on o.id = a.parent_id
    )
    select id from above
""")
UNITS = text("select id, parent_id, province_id, system from units where id = any(:ids)")
CLUSTERS = text("select unit_id, cluster_id from cluster_units where unit_id = any(:units)")


def organisation_scope(organisation_id: int) -> Scope:
    """Return the scope of an organisation; 404 where there is none."""
    found = frozenset(db.session.execute(ABOVE, {"id": organisation_id}).scalars())
    if not found:
        raise Problem(404, "not_found")
    return Scope(organisations=found)


def requested_organisation_scope(organisation_id: int, field: str = "organisation_id") -> Scope:
    """Return the scope of an organisation that a request names; 422 where there is none."""
    try:
        return organisation_scope(organisation_id)
    except Problem:
        raise invalid(field, "no_such_organisation") from None


def team_scope(team_id: int) -> Scope:
    """Return the scope of a team; 404 where there is none."""
    organisation = _scalar("select organisation_id from teams where id = :id", team_id)
    above = organisation_scope(organisation)
    return Scope(teams=frozenset({team_id}), organisations=above.organisations)


def campaign_scope(campaign_id: int) -> Scope:
    """Return the scope of a campaign, which is that of its organiser; 404 where there is none."""
    organisation = _scalar("select organisation_id from campaigns where id = :id", campaign_id)
    return organisation_scope(organisation)


def unit_scope(unit_id: int) -> Scope:
    """Return the scope of a unit; 404 where there is none."""
    scopes = unit_scopes([unit_id])
    if not scopes:
        raise Problem(404, "not_found")
    return scopes[unit_id]


def authorized_unit_on(actor: Actor, act: str, code: str, level: str | None, day: date) -> UnitRow:
    """Return the unit of a code on a day; the same 404 if it is unknown or outside the area."""
    try:
        unit = find(day, code, level)
    except Problem as problem:
        raise Problem(404, "not_found") if problem.status == 404 else problem from None
    require(actor, act, unit_scope(unit.id), hidden=True)
    return unit


def unit_scopes(ids: Collection[int]) -> dict[int, Scope]:
    """Return the scope of each unit: itself, the units above it, and their clusters.

    A unit that ended in the reform also lies in every area that has all of its likely successors:
    its months are still reported and read, and roles over the unit ended with it.
    """
    rows = db.session.execute(UNITS, {"ids": list(ids)}).all()
    above = {row.id: frozenset(one for one in row[:3] if one is not None) for row in rows}
    clusters: defaultdict[int, set[int]] = defaultdict(set)
    of_units = list(frozenset[int]().union(*above.values()))
    for row in db.session.execute(CLUSTERS, {"units": of_units}):
        clusters[row.unit_id].add(row.cluster_id)
    scopes = {
        one: Scope(units=units, clusters=frozenset[int]().union(*(clusters[id] for id in units)))
        for one, units in above.items()
    }
    for row in rows:
        if row.system == "2024" and (
            likely := [one.unit.id for one in successors(row.id) if one.likely]
        ):
            own, later = scopes[row.id], unit_scopes(likely).values()
            units = frozenset.intersection(*(one.units for one in later))
            around = frozenset.intersection(*(one.clusters for one in later))
            scopes[row.id] = Scope(units=own.units | units, clusters=own.clusters | around)
    return scopes


def cluster_scope(cluster_id: int) -> Scope:
    """Return the scope of a cluster; 404 where there is none."""
    return Scope(
        clusters=frozenset({_scalar("select id from clusters where id = :id", cluster_id)})
    )


def _scalar(statement: str, identity: int) -> int:
    """Return the value that a statement selects by an id; 404 where there is none."""
    found: int = or_404(db.session.execute(text(statement), {"id": identity}).scalar())
    return found
