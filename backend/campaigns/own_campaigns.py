"""The campaigns in which a person has something to do."""

from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor, require_person
from backend.database.extensions import db

# An organiser's are those of the organisation and of those below it; a leader's are those in which
# the team has members or a code; an admin's are all. The newest first.
OWN = text("""
    with recursive below as (
        select unnest(cast(:organisations as int[])) as id
        union
        select o.id from organisations o join below b on o.parent_id = b.id
    )
    select c.id, c.name, c.first_day, c.last_day, c.networks, c.state, c.demo,
        o.name as organisation,
        :everything or c.organisation_id in (select id from below) as organises
    from campaigns c join organisations o on o.id = c.organisation_id
    where :everything
        or c.organisation_id in (select id from below)
        or c.state <> 'draft' and (
            exists (select from memberships m
                    where m.campaign_id = c.id and m.team_id = any(:teams))
            or exists (select from join_codes j
                       where j.campaign_id = c.id and j.team_id = any(:teams)))
    order by c.first_day desc, c.id desc limit :most
""")
# A province runs a campaign or two a month: some eight years of them.
LISTED_MOST = 200


def own_campaigns(actor: Actor) -> list[dict[str, Any]]:
    """List what a person organises, or leads a team in."""
    require_person(actor)
    values = {
        "organisations": sorted(actor.ids("organiser")),
        "teams": sorted(actor.ids("team_leader")),
        "everything": any(grant.role == "admin" for grant in actor.grants),
        "most": LISTED_MOST,
    }
    return [dict(row) for row in db.session.execute(OWN, values).mappings()]
