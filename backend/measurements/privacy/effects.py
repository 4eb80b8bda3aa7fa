"""What each act of leaving would do to a device's data, in numbers, before the person decides."""

from datetime import datetime
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.devices.service import unauthorized
from backend.measurements.privacy.retention import LEAVING_WITHIN
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from backend.memberships.volunteers import name_of, volunteer_of
from backend.organisations.references import NamedRef

SAMPLES = text("""
    select without_positions_since, count(m.id) filter (where m.received_at > :since) as recent,
        count(m.id) filter (where m.received_at > :since and counted) as recent_counted,
        count(m.id) filter (where m.received_at <= :since) + (
            select coalesce(sum(received), 0) from archived_months_of_devices
            where device_id = :device)::int as older,
        count(latitude) filter (where m.received_at <= :since) as positions_now,
        count(latitude) filter (where m.received_at > :since) as positions_later,
        max(m.received_at) filter (where latitude is not null) + :kept as positions_until
    from devices d left join measurements m on m.device_id = d.id
    where d.id = :device group by d.id
""")
# Of present teams without samples, too.
TEAMS = text("""
    select jsonb_build_object('id', c.id, 'name', c.name) as campaign,
        jsonb_build_object('id', t.id, 'name', t.name) as team,
        count(m.id) as counted, count(m.id) filter (where m.received_at > :since) as recent
    from (
        select campaign_id, team_id, measurement_id from earnings
        where category = any(:counted)
            and measurement_id = any(array(select id from measurements where device_id = :device))
        union all
        select s.campaign_id, s.team_id, null
        from device_links l join memberships s using (volunteer_id)
        where l.device_id = :device and s.period @> cast(:now as timestamptz)
    ) earned join campaigns c on c.id = campaign_id join teams t on t.id = team_id
    left join measurements m on m.id = measurement_id
    group by c.id, t.id order by c.id, t.id
""")


class TeamEffect(TypedDict):
    """Counted samples of a device for a team, and those of the last 7 days, which would leave."""

    campaign: NamedRef
    team: NamedRef
    counted: int
    recent: int


class Effects(TypedDict):
    """Samples of the last 7 days, which a withdrawal deletes, and older ones; positions to remove.

    Removing positions takes those of `positions_now` at once, and the others until a time.
    """

    display_name: str | None
    teams: list[TeamEffect]
    recent: int
    recent_counted: int
    older: int
    positions_now: int
    positions_later: int
    positions_until: datetime | None  # null: there are none
    without_positions_since: datetime | None  # null: never asked


def effects_of(device_id: UUID, now: datetime) -> Effects:
    """Return what leaving, hiding the name, and removing positions or all would change."""
    values = {"device": device_id, "now": now, "since": now - LEAVING_WITHIN}
    values |= {"kept": LEAVING_WITHIN, "counted": list(COUNTED_CATEGORIES)}
    samples = db.session.execute(SAMPLES, values).mappings().first()
    if samples is None:  # withdrawn at this moment
        raise unauthorized()
    volunteer = volunteer_of(device_id)
    teams = db.session.execute(TEAMS, values).mappings().all()
    shown = {"display_name": volunteer and name_of(volunteer), "teams": teams, **samples}
    return cast(Effects, shown)
