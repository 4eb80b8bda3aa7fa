"""Events of communes that reached their target: one for each commune, month and network."""

from datetime import datetime

from backend.clock import local_day, month_before
from backend.coverage.figures.month import Month, listing_key, month_of
from backend.database.extensions import db
from backend.measurements.recording.reasons import BASES
from backend.measurements.recording.rules import MAX_AGE, NETWORKS
from backend.outbox.service import NewEvent, add_once

LEVEL = "commune"


def emit_reached_events(now: datetime) -> int:
    """Emit an event for each commune that reached its target since the last call; commit.

    Looks at the months to which samples are still added. A commune that falls below its target
    and reaches it again has no second event. Return the number of events.
    """
    today = local_day(now)
    first, month = f"{local_day(now - MAX_AGE):%Y-%m}", f"{today:%Y-%m}"
    names = [month]
    while month > first:
        month = month_before(month)
        names.append(month)
    emitted, key = 0, listing_key()
    for network in NETWORKS:
        for name in names:
            emitted += add_once(_reached(month_of(name, network, today, key=key)))
    db.session.commit()
    return emitted


def _reached(month: Month) -> list[NewEvent]:
    """Return an event for each commune of a month at its target."""
    return [
        NewEvent(
            "commune.reached",
            one.unit.id,
            month.month,
            {
                "samples": one.measured,
                "target": one.need,
                "basis": BASES[one.basis],
            },
            month.network,
            f"reached:{one.unit.id}:{month.network}:{month.month}",
        )
        for one in month.units(LEVEL)
        if one.need and one.reached and one.measured > 0
    ]
