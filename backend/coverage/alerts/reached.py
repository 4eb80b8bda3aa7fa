"""Events of communes that reached their target: one for each commune, month and network."""

from datetime import datetime

import numpy as np

from backend.clock import local_day, month_before
from backend.coverage.figures.month import Month, load_months
from backend.database.extensions import db
from backend.measurements.recording.reasons import BASES
from backend.measurements.recording.rules import AGE_MOST, NETWORKS
from backend.outbox.service import NewEvent, add_once

LEVEL = "commune"


def emit_reached_events(now: datetime) -> int:
    """Emit an event for each commune that reached its target since the last call; commit.

    Looks at the months to which samples are still added. A commune that falls below its target
    and reaches it again has no second event. Return the number of events.
    """
    today = local_day(now)
    first, month = f"{local_day(now - AGE_MOST):%Y-%m}", f"{today:%Y-%m}"
    names = [month]
    while month > first:
        month = month_before(month)
        names.append(month)
    emitted = 0
    for network in NETWORKS:
        for one in load_months(names, network, today).values():
            emitted += add_once(_reached(one))
    db.session.commit()
    return emitted


def _reached(month: Month) -> list[NewEvent]:
    """Return an event for each commune of a month at its target."""
    counts = month.level_counts(LEVEL)
    events = []
    for row in np.flatnonzero(counts.reached & (counts.measured > 0)).tolist():
        unit, basis = counts.units[row], BASES[counts.thresholds.basis[row]]
        figures = {
            "samples": int(counts.measured[row]),
            "target": int(counts.thresholds.target[row]),
            "basis": basis,
        }
        once = f"reached:{unit.id}:{month.network}:{month.month}"
        kind = "commune.reached"
        events.append(NewEvent(kind, unit.id, month.month, figures, month.network, once))
    return events
