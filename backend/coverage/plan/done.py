"""What a team did today of its plan, as its leader and the phones of its members may know it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.clock import local_day
from backend.coverage.figures.public_counts import MIN_PHONES, full_hour
from backend.database.extensions import db
from backend.memberships.attribution import COUNTED

# A team's counted samples of a day, by commune. One who measures alone is not followed there: those
# since the last full hour are the phone's own, or in a commune where enough phones of the team were
# since then: who came before is no company.
DONE = text("""
    with samples as (
        select e.unit_id, m.device_id, m.received_at
        from earnings e join measurements m on m.id = e.measurement_id and m.day = e.day
        where e.campaign_id = :campaign and e.team_id = :team and e.day = :day
            and e.network = :network and e.category = any(:counted)
    ), joint as (
        select unit_id from samples where received_at >= :hour
        group by 1 having count(distinct device_id) >= :phones
    )
    select u.code, count(*)::int as n from samples s join units u on u.id = s.unit_id
    where s.received_at < :hour or s.device_id = :device
        or s.unit_id in (select unit_id from joint)
    group by 1
""").bindparams(counted=sorted(COUNTED), phones=MIN_PHONES)


def done_of(
    items: Sequence[Mapping[str, Any]],
    campaign_id: int,
    team_id: int,
    network: str,
    now: datetime,
    device_id: UUID | None = None,
) -> list[int]:
    """Return what a team did of each of its assignments of today; a device knows its own."""
    values = {
        "campaign": campaign_id, "day": local_day(now), "network": network, "team": team_id,
        "device": device_id, "hour": full_hour(now),
    }  # fmt: skip
    counted = {row.code: row.n for row in db.session.execute(DONE, values)}
    done = []
    for item in items:  # a pin and the rest of a commune are two
        code, samples = item["unit"]["code"], item["samples"]
        done.append(min(samples, counted.get(code, 0)))
        counted[code] = max(0, counted.get(code, 0) - samples)
    return done
