"""Whether a counted test would be a team's too, before it is made."""

from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import text

from backend.clock import day_begin, local_day
from backend.coverage.contributions.service import current_teams
from backend.database.extensions import db
from backend.memberships.attribution import COUNTED, OVER_CAP, Terms, uncovered
from backend.memberships.attribution_rows import terms_of
from backend.organisations.references import NamedRef

# A commune and the units above it.
WITHIN = text("""
    select unnest(array_remove(array[id, parent_id, province_id], null)) from units where id = :unit
""")
# A device's counted samples of a day in a campaign, of which it takes no more than its cap.
EARNED_TODAY = text("""
    select count(*) from measurements m join earnings e on e.measurement_id = m.id
    where m.device_id = :device and m.measured_at >= :since and m.day = :day
        and e.campaign_id = :campaign and e.category = any(:counted)
""").bindparams(counted=sorted(COUNTED))


class TeamVerdict(TypedDict):
    """Whether a team gets a test, and the code of why not."""

    campaign: NamedRef
    team: NamedRef
    counts: bool
    reason: str | None


def team_verdicts(
    device_id: UUID, unit_id: int | None, network: str, now: datetime
) -> list[TeamVerdict]:
    """Return for each team of the device's volunteer whether it gets a test in a commune now."""
    teams = current_teams(device_id, now)
    if not teams:
        return []
    terms = {one.campaign_id: one for one in terms_of([row.campaign_id for row in teams])}
    today = local_day(now)
    within = db.session.scalars(WITHIN, {"unit": unit_id}).all()
    found: list[TeamVerdict] = []
    for row in teams:
        reason = uncovered(terms[row.campaign_id], today, network, unit_id, within)
        if reason is None and _is_capped(device_id, terms[row.campaign_id], today):
            reason = OVER_CAP
        found.append(
            {
                "campaign": {"id": row.campaign_id, "name": row.campaign},
                "team": {"id": row.team_id, "name": row.team},
                "counts": reason is None,
                "reason": reason,
            }
        )
    return found


def _is_capped(device_id: UUID, terms: Terms, today: date) -> bool:
    """Return whether the device has as many counted samples of today as the campaign takes."""
    if terms.cap is None:
        return False
    values = {"device": device_id, "campaign": terms.campaign_id, "day": today}
    values["since"] = day_begin(today)
    return bool(db.session.execute(EARNED_TODAY, values).scalar_one() >= terms.cap)
