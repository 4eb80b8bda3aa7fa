"""Radio samples of the demo: volunteers record the signal on walks through a few communes.

They go through the service that stores the samples of phones. What the public sees of them follows
from the rules of the monthly release.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.demo import phones
from backend.demo.generation import NO_WAIT, recording_context
from backend.demo.notes import DemoVolunteer, NotesPlan, draw_free_time, nearest
from backend.demo.plan import MonthPlan
from backend.demo.volunteers import METRES_PER_DEGREE, Commune, survey
from backend.devices import service as devices
from backend.measurements.radio.service import RadioContext, record

# Volunteers who walk through each commune: enough for the public, and too few.
WALKERS = (14, 12, 10, 3)
# Forty minutes between some places of the commune.
SAMPLES, EVERY_S, STOPS = 120, 20, 4
MASTS = 3
# Strength in dBm a kilometre from a mast, its loss in dB with ten times the distance, and noise.
AT_1_KM_DBM, LOSS_DB, NOISE_DB = -92.0, 32.0, 4.0
# Weaker than this a phone has no service.
LEAST_DBM = -124
SHARE_5G = 0.3
ACCURACY_M = (5.0, 25.0)

Points = NDArray[np.float64]


def add_walks(wanted: NotesPlan, people: Sequence[DemoVolunteer]) -> None:
    """Record walks of a plan's volunteers in its province."""
    plan, context = wanted.samples, recording_context()
    rng = np.random.default_rng([wanted.seed, len(WALKERS), SAMPLES, *plan.key])
    province = survey(plan.province, plan.days[-1], context.locator, rng)
    order = rng.permutation(len(province.communes))[: len(WALKERS)].tolist()
    for place, size in zip(order, WALKERS, strict=False):
        commune = province.communes[place]
        masts = _draw_spots(commune, MASTS, rng)
        for volunteer in nearest(commune, province.communes, people)[:size]:
            _walk(volunteer, commune, masts, plan, rng)


def _draw_spots(commune: Commune, n: int, rng: np.random.Generator) -> Points:
    """Return (n, 2) spots: longitude, latitude."""
    at = rng.integers(len(commune.longitudes), size=n)
    return np.column_stack([commune.longitudes[at], commune.latitudes[at]])


def _walk(
    volunteer: DemoVolunteer,
    commune: Commune,
    masts: Points,
    plan: MonthPlan,
    rng: np.random.Generator,
) -> None:
    """Record a walk of a volunteer at a time without tests, if there is one."""
    at = draw_free_time(volunteer, plan, rng)
    if at is None:
        return
    stops = _draw_spots(commune, STOPS, rng)
    along, of_stops = np.linspace(0, STOPS - 1, SAMPLES), np.arange(STOPS)
    path = np.column_stack([np.interp(along, of_stops, stops[:, axis]) for axis in (0, 1)])
    away = np.linalg.norm(path[:, None] - masts[None], axis=2).min(axis=1) * METRES_PER_DEGREE / 1e3
    strength = AT_1_KM_DBM - LOSS_DB * np.log10(np.maximum(away, 0.05))
    strength = strength + rng.normal(0, NOISE_DB, SAMPLES)
    fast = bool(rng.random() < SHARE_5G)
    sent = [
        _sample(
            volunteer, at + timedelta(seconds=EVERY_S * n), path[n], float(strength[n]), fast, rng
        )
        for n in range(SAMPLES)
    ]
    received_at = at + timedelta(seconds=EVERY_S * SAMPLES + 120)
    # Each phone sends from an address of its own.
    address = ".".join(map(str, (10, *volunteer.id.bytes[:3])))
    db.session.execute(NO_WAIT)
    receipt = RadioContext(received_at, received_at, address=address)
    record(devices.lock_device(volunteer.id), sent, receipt)


def _sample(
    volunteer: DemoVolunteer,
    at: datetime,
    spot: Points,
    strength: float,
    fast: bool,
    rng: np.random.Generator,
) -> dict[str, Any]:
    service = strength >= LEAST_DBM
    signal = {
        "technology": "5G" if fast else "4G",
        "rsrp_dbm": min(round(strength), -50),
        "rsrq_db": round(float(rng.uniform(-16, -8))),
        "sinr_db": round(float(np.clip((strength + 115) / 1.5, -10, 28))),
    }
    return {
        "id": str(phones.uuid_from(rng)),
        "measured_at": at.astimezone(VIETNAM).isoformat(timespec="seconds"),
        "location": {
            "longitude": round(float(spot[0]), 6),
            "latitude": round(float(spot[1]), 6),
            "accuracy_m": round(float(rng.uniform(*ACCURACY_M)), 1),
        },
        "network": {"operator": volunteer.operator} if volunteer.operator else None,
        "service": service,
        **(signal if service else {}),
    }
