"""Rules of no-connection notes as they are received. Pure functions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import h3

from backend.errors import FieldError
from backend.measurements.no_connection.rows import NoteContent
from backend.measurements.recording.rules import COUNTRY_MCC, MAX_AGE, MAX_FUTURE, visible
from geo.fix import position_problem

# One failed request is a busy cell or a lift; a place without a network fails for a minute.
MIN_ATTEMPTS, MAX_ATTEMPTS = 3, 50
MIN_LASTED, MAX_LASTED = timedelta(seconds=60), timedelta(hours=1)
# Cells of 0.7 km², the finest in which a note is ever shown, and the area of a shared address.
RESOLUTION, AREA_RESOLUTION = 8, 6
# A worse position lies in another cell more often than not.
MAX_ACCURACY_M = 500.0
# A phone looks for its position for 3 minutes after the last attempt.
MAX_FIX_AGE = timedelta(minutes=5)
# A volunteer who walks all day finds fewer; a script would invent more.
MAX_DAILY = 20
# Notes in an hour from one address: thirty people who come home with a day's notes each.
MAX_HOURLY = 600
CONFIRMED = ("flight_mode_off", "data_on", "data_left")


def cell_of(latitude: float, longitude: float) -> str:
    """Return the cell of a position."""
    return str(h3.latlng_to_cell(latitude, longitude, RESOLUTION))


def area_of(cell: str) -> str:
    """Return the area of some 36 km² around a cell."""
    return str(h3.cell_to_parent(cell, AREA_RESOLUTION))


def content_errors(loaded: NoteContent) -> list[FieldError]:
    """Return the errors of a note that follow from its content alone."""
    errors = [
        FieldError(f"confirmed.{name}", "not_confirmed")
        for name in CONFIRMED
        if not loaded["confirmed"][name]
    ]
    if code := attempts_problem(loaded["attempts"]):
        errors.append(FieldError("attempts", code))
    location = loaded["location"]
    position = location["latitude"], location["longitude"], location.get("accuracy_m")
    if code := position_problem(*position):
        errors.append(FieldError("location", code))
    elif position[2] is not None and position[2] > MAX_ACCURACY_M:
        errors.append(FieldError("location.accuracy_m", "note_position_coarse"))
    elif location.get("is_mock"):
        errors.append(FieldError("location.is_mock", "mock_position"))
    fixed_at = location.get("fixed_at")
    if fixed_at and min(abs(fixed_at - at) for at in loaded["attempts"]) > MAX_FIX_AGE:
        errors.append(FieldError("location.fixed_at", "note_fix_stale"))
    mcc = visible((loaded.get("network") or {}).get("mcc"))
    if mcc not in (None, COUNTRY_MCC):
        errors.append(FieldError("network.mcc", "foreign_network"))
    return errors


def attempts_problem(attempts: Sequence[datetime]) -> str | None:
    """Return the code of attempts that are out of order, too close or too far apart."""
    if list(attempts) != sorted(set(attempts)):
        return "attempts_order"
    lasted = attempts[-1] - attempts[0]
    return None if MIN_LASTED <= lasted <= MAX_LASTED else "attempts_span"


def time_problem(
    noted_at: datetime, began_at: datetime, received_at: datetime, registered_at: datetime
) -> str | None:
    """Return the code of a note that is in the future, too old, or older than its device."""
    if noted_at - received_at > MAX_FUTURE:
        return "in_future"
    if received_at - noted_at > MAX_AGE:
        return "note_too_old"
    return "note_before_registration" if began_at < registered_at else None
