"""Rules of radio samples as they are received. Pure functions of columns."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from backend.measurements.no_connection.rules import ACCURACY_MOST_M, RESOLUTION
from backend.measurements.recording.rules import AGE_MOST, FUTURE_MOST
from geo.fix import position_problem

# Android's CellInfo.UNAVAILABLE, also of long values: the phone does not know.
UNKNOWN = frozenset({2**31 - 1, 2**63 - 1})
SOURCES = ("own", "network_survey", "open_rmbt")
TECHNOLOGIES = ("4G", "5G")
MODES = ("NSA", "SA")
# What phones report, in dBm and dB: 3GPP TS 36.133 sections 9.1.4 (RSRP), 9.1.7 (RSRQ) and 9.1.17
# (RS-SINR); TS 38.133 sections 10.1.6, 10.1.11 and 10.1.16. Android clips RSRP of 4G at -43.
RANGES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "4G": {"rsrp_dbm": (-156, -43), "rsrq_db": (-34, 3), "sinr_db": (-23, 40)},
    "5G": {"rsrp_dbm": (-156, -31), "rsrq_db": (-43, 20), "sinr_db": (-23, 40)},
}
SIGNALS = ("rsrp_dbm", "rsrq_db", "sinr_db")
SIM_SLOT_MOST = 7
SERVING_CELL_MOST = 2**36 - 1  # an NCI of 5G has 36 bits, an ECI of 4G 28
# Five and a half hours of a walk with a sample each second.
DEVICE_HOURLY_MOST = 20_000
# In an hour from one address: ten people who come home with such a walk each.
HOURLY_MOST = 200_000
# Reasons by number; 0 is none.
CODES = (
    "", "position_missing", "position_default", "radio_position_coarse", "in_future",
    "radio_too_old", "radio_before_registration", "outside_communes",
)  # fmt: skip
# Where no default position of a phone lies: (least, most) degrees around Vietnam.
LATITUDES, LONGITUDES = (5.0, 25.0), (100.0, 120.0)

Floats = NDArray[np.float64]
Times = NDArray["np.datetime64"]
Numbers = NDArray[np.uint8]


def cells_of(latitudes: Floats, longitudes: Floats) -> NDArray[np.int64]:
    """Return the H3 cells of (n,) positions in degrees as int64."""
    positions = zip(latitudes.tolist(), longitudes.tolist(), strict=True)
    cells = (
        h3.latlng_to_cell(latitude, longitude, RESOLUTION) for latitude, longitude in positions
    )
    return np.fromiter(cells, np.int64, len(latitudes))


def position_problems(latitudes: Floats, longitudes: Floats, accuracies: Floats) -> Numbers:
    """Return numbers in CODES of (n,) positions in degrees and metres, NaN where missing."""
    found = np.zeros(len(latitudes), np.uint8)
    found[accuracies > ACCURACY_MOST_M] = CODES.index("radio_position_coarse")
    near = (latitudes >= LATITUDES[0]) & (latitudes <= LATITUDES[1])
    near &= (longitudes >= LONGITUDES[0]) & (longitudes <= LONGITUDES[1]) & (accuracies >= 0)
    for at in np.flatnonzero(~near).tolist():
        problem = position_problem(latitudes[at], longitudes[at], accuracies[at])
        if problem in CODES:
            found[at] = CODES.index(problem)
    return found


def time_problems(measured: Times, received_at: datetime, registered: Times) -> Numbers:
    """Return for (n,) times in UTC numbers in CODES; `registered` are those of the devices.

    The second of the registration is not before it: many clients state whole seconds.
    """
    now = as_utc(received_at)
    found = np.zeros(len(measured), np.uint8)
    found[measured < registered.astype("M8[s]")] = CODES.index("radio_before_registration")
    found[measured < now - _us(AGE_MOST)] = CODES.index("radio_too_old")
    found[measured > now + _us(FUTURE_MOST)] = CODES.index("in_future")
    return found


def as_utc(moment: datetime) -> "np.datetime64":
    """Return an aware time as numpy's, of microseconds, in UTC."""
    return np.datetime64(round(moment.timestamp() * 1_000_000), "us")


def _us(span: timedelta) -> "np.timedelta64":
    return np.timedelta64(span // timedelta(microseconds=1), "us")
