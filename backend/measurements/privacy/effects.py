"""What each act of leaving would do to a device's data, in numbers, before the person decides."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.devices.models import Device
from backend.devices.service import unauthorized
from backend.measurements.privacy.retention import LEAVING_WITHIN
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from backend.memberships.volunteers import name_of, volunteer_of

SAMPLES = text("""
    select count(*) filter (where received_at > :since) as recent,
        count(*) filter (where received_at > :since and counted) as recent_counted,
        count(*) filter (where received_at <= :since) as older,
        count(*) filter (where received_at <= :since and counted) as older_counted,
        count(latitude) filter (where received_at <= :since) as removed_now,
        count(latitude) filter (where received_at > :since) as removed_later,
        max(received_at) filter (where latitude is not null) as last_received
    from measurements where device_id = :device
""")
NOTES = text("select count(*) from no_connection_notes where device_id = :device")
# Of present teams without samples, too.
TEAMS = text("""
    select c.id as campaign_id, c.name as campaign, t.id as team_id, t.name as team,
        coalesce(earned.counted, 0)::int as counted, coalesce(earned.recent, 0)::int as recent
    from (
        select e.campaign_id, e.team_id, count(*) as counted,
            count(*) filter (where m.received_at > :since) as recent
        from measurements m join earnings e on e.measurement_id = m.id
        where m.device_id = :device and e.category = any(:counted) group by 1, 2
    ) earned full join (
        select distinct m.campaign_id, m.team_id
        from device_links l join memberships m using (volunteer_id)
        where l.device_id = :device and m.period @> cast(:now as timestamptz)
    ) present using (campaign_id, team_id)
    join campaigns c on c.id = campaign_id join teams t on t.id = team_id
    order by c.id, t.id
""")


def effects_of(device_id: UUID, now: datetime) -> dict[str, Any]:
    """Return what leaving, hiding the name, and removing positions or all would change."""
    device = db.session.get(Device, device_id)
    if device is None:
        raise unauthorized()
    values: dict[str, Any] = {"device": device_id, "since": now - LEAVING_WITHIN, "now": now}
    samples = db.session.execute(SAMPLES, values).mappings().one()
    teams = db.session.execute(TEAMS, values | {"counted": list(COUNTED_CATEGORIES)}).mappings()
    volunteer, last = volunteer_of(device_id), samples["last_received"]
    return {
        "display_name": volunteer and name_of(volunteer),
        "teams": [
            {
                "campaign": {"id": one["campaign_id"], "name": one["campaign"]},
                "team": {"id": one["team_id"], "name": one["team"]},
                "counted": one["counted"],
                "recent": one["recent"],
            }
            for one in teams
        ],
        "positions": {
            "asked_at": device.without_positions_since,
            "removed_now": samples["removed_now"],
            "removed_later": samples["removed_later"],
            "until": last and last + LEAVING_WITHIN,
        },
        "samples": {
            name: samples[name] for name in ("recent", "recent_counted", "older", "older_counted")
        },
        "notes": db.session.execute(NOTES, values).scalar_one(),
    }
