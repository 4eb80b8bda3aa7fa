"""Residents whom volunteers helped to measure, as a number of an area or a commune."""

from collections.abc import Collection, Sequence

from backend.clock import month_end, month_start
from backend.coverage.contributions.statements import (
    RESIDENTS,
    RESIDENTS_IN,
    RESIDENTS_OF_UNITS,
)
from backend.database.extensions import db
from backend.measurements.recording.archived import archived_months
from backend.measurements.recording.reasons import COUNTED_CATEGORIES


def residents_in(unit_id: int, month: str) -> int | None:
    """Return the guests with a counted sample in a unit, each once; None of archived months."""
    if month in archived_months():
        return None
    found: int | None = db.session.scalar(RESIDENTS_IN, {"unit": unit_id, **_counted(month)})
    return found


def residents_of_campaign(campaign_id: int, month: str, team_id: int | None = None) -> int:
    """Return the guests of a campaign, or of its team, with a counted sample, each once."""
    teams = None if team_id is None else [team_id]
    values = {"by": "campaign", "campaign": campaign_id, "months": [month], "teams": teams}
    row = db.session.execute(RESIDENTS, values).one_or_none()
    return row.residents if row else 0


def residents_by_commune(
    unit_ids: Collection[int], month: str, networks: Sequence[str], campaign_id: int | None = None
) -> dict[int, int]:
    """Return the guests with a counted sample in each commune that has any; of all campaigns."""
    values = {"units": list(unit_ids), "networks": list(networks), "campaign": campaign_id}
    values |= _counted(month)
    return {row.unit_id: row.residents for row in db.session.execute(RESIDENTS_OF_UNITS, values)}


def _counted(month: str) -> dict[str, object]:
    days = {"first": month_start(month), "last": month_end(month)}
    return {**days, "counted": list(COUNTED_CATEGORIES)}
