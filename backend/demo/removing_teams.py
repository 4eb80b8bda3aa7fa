"""Take away the demo's campaigns, teams, volunteers and people; nothing else."""

from sqlalchemy import text

from backend.database.extensions import db

# In the order in which they refer to each other. What somebody real has put into a demo
# organisation keeps that organisation.
STATEMENTS = (
    "delete from earnings where campaign_id = any(:made)",
    "delete from team_deltas where campaign_id = any(:made)",
    "delete from team_counts where campaign_id = any(:made)",
    "delete from corrections where campaign_id = any(:made)",
    "delete from campaign_exclusions where campaign_id = any(:made)",
    "delete from memberships where campaign_id = any(:made)",
    "delete from signals where campaign_id = any(:made)",
    "delete from pins where campaign_id = any(:made)",
    "delete from join_codes where campaign_id = any(:made)",
    "delete from passes where campaign_id = any(:made)",
    "delete from device_links using volunteers v where v.id = volunteer_id and v.demo",
    "delete from passes using volunteers v where v.id = volunteer_id and v.demo",
    """delete from volunteers v where demo
        and not exists (select from memberships where v.id in (volunteer_id, guest_of))""",
    """delete from teams t where organisation_id = any(:owners)
        and not exists (select from memberships where team_id = t.id)
        and not exists (select from join_codes where team_id = t.id)
        and not exists (select from earnings where team_id = t.id)
        and not exists (select from corrections where team_id = t.id)""",
    "delete from campaigns where id = any(:made)",
    """delete from organisations o where id = any(:owners)
        and not exists (select from teams where organisation_id = o.id)
        and not exists (select from campaigns where organisation_id = o.id)
        and not exists (select from clusters where organisation_id = o.id)
        and not exists (select from organisations where parent_id = o.id)""",
    "delete from personal_tokens using users u where u.id = user_id and u.demo",
    "delete from sessions using users u where u.id = user_id and u.demo",
    "delete from one_time_links using users u where u.id = user_id and u.demo",
    """delete from roles lent using roles r, users u
        where r.id = lent.delegated_by and u.id = r.user_id and u.demo""",
    "delete from roles using users u where u.id = user_id and u.demo",
    "delete from users where demo",
)


def remove_teams() -> None:
    """Remove all of them in one transaction."""
    made = list(db.session.execute(text("select id, organisation_id from campaigns where demo")))
    values = {"made": [row[0] for row in made], "owners": [row[1] for row in made]}
    for statement in STATEMENTS:
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        db.session.execute(text(statement), used)
    db.session.commit()
