"""Today's sums of the teams of a device's volunteer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from backend.clock import local_day
from backend.coverage.contributions.figures import Figures, sums
from backend.coverage.contributions.query import ContributionQuery
from backend.database.extensions import db

TEAMS_NOW = text("""
    select m.id as membership_id, c.id as campaign_id, c.name as campaign, c.networks,
        t.id as team_id, t.name as team
    from device_links l
    join memberships m on m.volunteer_id = l.volunteer_id and m.period @> :now
    join campaigns c on c.id = m.campaign_id
    join teams t on t.id = m.team_id
    where l.device_id = :device and l.period @> :now and c.state = 'open'
    order by c.id
""")


def current_teams(device_id: UUID, now: datetime) -> Sequence[Row[Any]]:
    """Return the teams of the device's volunteer in open campaigns."""
    return db.session.execute(TEAMS_NOW, {"device": device_id, "now": now}).all()


def own_day(device_id: UUID, now: datetime) -> dict[str, Any]:
    """Return today's sums of each team of which the device's volunteer is a member."""
    today = local_day(now)
    items = []
    for row in current_teams(device_id, now):
        query = ContributionQuery(
            campaign_id=row.campaign_id,
            by="team",
            first=today,
            last=today,
            months=(f"{today:%Y-%m}",),
            whole=False,
            networks=tuple(row.networks),
            teams=(row.team_id,),
        )
        found = sums(query).get((row.team_id, 0)) or Figures()
        figures = {name: getattr(found, name) for name in ("received", "valid", "counted")}
        items.append(
            {
                "membership_id": row.membership_id,
                "campaign": {"id": row.campaign_id, "name": row.campaign},
                "team": {"id": row.team_id, "name": row.team},
                **figures,
            }
        )
    return {"date": today, "items": items}
