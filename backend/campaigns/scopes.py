"""Where organisations, teams, campaigns and units lie: what roles over them can reach."""

from sqlalchemy import text

from backend.accounts.access import Scope
from backend.errors import Problem
from backend.extensions import db

# An organisation and those above it; a parent that is its own descendant ends nothing here.
ABOVE = text("""
    with recursive above as (
        select id, parent_id from organisations where id = :id
        union
        select o.id, o.parent_id from organisations o join above a on o.id = a.parent_id
    )
    select id from above
""")
UNIT = text("select id, parent_id, province_id from units where id = :id")
CLUSTERS = text("select cluster_id from cluster_units where unit_id = any(:units)")


def organisation_scope(organisation_id: int) -> Scope:
    """The scope of an organisation; 404 where there is none."""
    found = frozenset(db.session.execute(ABOVE, {"id": organisation_id}).scalars())
    if not found:
        raise Problem(404, "not_found")
    return Scope(organisations=found)


def team_scope(team_id: int) -> Scope:
    """The scope of a team; 404 where there is none."""
    where = text("select organisation_id from teams where id = :id")
    organisation = db.session.execute(where, {"id": team_id}).scalar()
    if organisation is None:
        raise Problem(404, "not_found")
    above = organisation_scope(organisation)
    return Scope(teams=frozenset({team_id}), organisations=above.organisations)


def campaign_scope(campaign_id: int) -> Scope:
    """The scope of a campaign, which is that of its organiser; 404 where there is none."""
    where = text("select organisation_id from campaigns where id = :id")
    organisation = db.session.execute(where, {"id": campaign_id}).scalar()
    if organisation is None:
        raise Problem(404, "not_found")
    return organisation_scope(organisation)


def unit_scope(unit_id: int) -> Scope:
    """The scope of a unit: itself, what is above it, clusters of these; 404 where there is none."""
    found = db.session.execute(UNIT, {"id": unit_id}).first()
    if found is None:
        raise Problem(404, "not_found")
    units = frozenset(one for one in found if one is not None)
    clusters = db.session.execute(CLUSTERS, {"units": list(units)}).scalars()
    return Scope(units=units, clusters=frozenset(clusters))


def cluster_scope(cluster_id: int) -> Scope:
    """The scope of a cluster as an area, itself; 404 where there is none."""
    where = text("select id from clusters where id = :id")
    if db.session.execute(where, {"id": cluster_id}).scalar() is None:
        raise Problem(404, "not_found")
    return Scope(clusters=frozenset({cluster_id}))
