"""Remove the data of the demo and its counts, and nothing else."""

from uuid import UUID

from sqlalchemy import delete, select, text

from backend.database.extensions import db
from backend.demo.generation import Progress
from backend.devices.models import Device
from backend.measurements.recording.models import DemoMonth
from backend.measurements.recording.reasons import COUNTED, COUNTED_BY_ADMIN

# Devices of one transaction: a removal can be stopped and run again.
LOT = 20

LOCK = text("select id from devices where id = any(:devices) and demo order by id for update")
# Counts are subtracted in the present category of each measurement.
REMOVE = text("""
    with gone as (
        delete from measurements where device_id = any(:devices)
        returning id, unit_id, day, network, case
            when cardinality(reasons) > 0 then reasons[1]
            when :by_admin = any(marks) then :by_admin
            else :counted end as fate
    ), exclusions_gone as (
        delete from exclusions using gone where measurement_id = gone.id
    ), receipts_gone as (
        delete from receipts using gone where receipts.id = gone.id
    ), refused_gone as (
        delete from refused where device_id = any(:devices)
    ), consents_gone as (
        delete from consents where device_id = any(:devices)
    ), deltas as (
        insert into count_deltas (unit_id, day, network, fate, n)
        select unit_id, day, network, fate, -count(*) from gone group by 1, 2, 3, 4
    )
    select count(*) from gone
""")
NO_WAIT = text("set local synchronous_commit = off")


def remove_devices(progress: Progress) -> int:
    """Remove all demo devices with their data, lot by lot; return the number of measurements."""
    ids = list(db.session.scalars(select(Device.id).where(Device.demo).order_by(Device.id)))
    db.session.rollback()
    rows = 0
    for start in range(0, len(ids), LOT):
        progress(start, len(ids))
        rows += _remove_lot(ids[start : start + LOT])
    progress(len(ids), len(ids))
    return rows


def _remove_lot(ids: list[UUID]) -> int:
    db.session.execute(NO_WAIT)
    locked = list(db.session.execute(LOCK, {"devices": ids}).scalars())
    names = {"by_admin": COUNTED_BY_ADMIN, "counted": COUNTED}
    rows = int(db.session.execute(REMOVE, {"devices": locked, **names}).scalar_one())
    gone = delete(Device).where(Device.id.in_(locked))
    db.session.execute(gone, execution_options={"synchronize_session": False})
    db.session.commit()
    return rows


def unmark_months() -> None:
    """Remove the marks of demo months."""
    db.session.execute(delete(DemoMonth))
    db.session.commit()


# In the order of their references. A demo organisation with real data is kept.
TEAM_STATEMENTS = (
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
    """Remove the demo's campaigns, teams, volunteers and users in one transaction."""
    made = list(db.session.execute(text("select id, organisation_id from campaigns where demo")))
    values = {"made": [row[0] for row in made], "owners": [row[1] for row in made]}
    for statement in TEAM_STATEMENTS:
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        db.session.execute(text(statement), used)
    db.session.commit()
