"""Radio samples as rows of an array: judged, located and stored thousands at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from backend.clock import VIETNAM
from backend.measurements.radio import rules
from backend.measurements.radio.incoming import RadioItem, operator_named
from backend.measurements.recording.operators import BY_CODE
from backend.units.locator import NO_UNIT, LoadedSet, Locator

# Numbers of rows stand for these texts; the first is none.
OPERATORS = ("", *sorted(set(BY_CODE.values())))
TECHNOLOGIES = ("", *rules.TECHNOLOGIES)
MODES = ("", *rules.MODES)
# A number of the radio that is not known.
UNKNOWN = -(2**15)
# Times are microseconds in UTC; positions are degrees (EPSG:4326) and metres, NaN where missing.
ROW = np.dtype(
    [
        ("device", "V16"), ("id", "V16"), ("registered", "M8[us]"), ("measured", "M8[us]"),
        ("latitude", "f8"), ("longitude", "f8"), ("accuracy_m", "f8"),
        ("operator", "u1"), ("technology", "u1"), ("mode", "u1"),
        ("rsrp_dbm", "i2"), ("rsrq_db", "i2"), ("sinr_db", "i2"), ("sim_slot", "i2"),
        ("serving_cell", "i8"),
    ]
)  # fmt: skip
OFFSET = np.timedelta64(VIETNAM.utcoffset(None), "us")

Rows = NDArray[np.void]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Where n samples lie: ids of the units (NO_UNIT: outside all) and of their sets, H3 cells."""

    unit_id: Ints
    set_id: Ints
    cell: Ints

    @classmethod
    def nowhere(cls, n: int) -> Self:
        """Return the places of n samples that are not located yet."""
        return cls(np.full(n, NO_UNIT), *(np.zeros(n, np.int64) for _ in range(2)))

    def take(self, at: Ints) -> Self:
        """Return those of some samples, by their numbers."""
        return type(self)(self.unit_id[at], self.set_id[at], self.cell[at])

    def put(self, at: Ints, found: "Places") -> None:
        """Set those of some samples, by their numbers."""
        for name in ("unit_id", "set_id", "cell"):
            getattr(self, name)[at] = getattr(found, name)


def rows_of(
    items: Iterable[RadioItem], device_id: UUID, registered_at: datetime, skew: timedelta
) -> Rows:
    """Return the rows of samples that one device sent; `skew` is the error of its clock."""
    registered = rules.as_utc(registered_at)
    rows = [_row(item, device_id.bytes, registered, skew) for item in items]
    return np.array(rows, ROW)


def _row(item: RadioItem, device: bytes, registered: Any, skew: timedelta) -> tuple[Any, ...]:
    loaded, place = item.loaded, item.loaded["location"]
    assert item.id is not None
    technology = loaded.get("technology") if loaded["service"] else None
    mode = loaded.get("mode") if technology else None
    return (
        device,
        item.id.bytes,
        registered,
        rules.as_utc(loaded["measured_at"] + skew),
        *(_degrees(place.get(name)) for name in ("latitude", "longitude", "accuracy_m")),
        OPERATORS.index(operator_named(loaded.get("network")) or ""),
        TECHNOLOGIES.index(technology or ""),
        MODES.index(mode or ""),
        *(_signal(loaded, technology, name) for name in rules.SIGNALS),
        _within(loaded.get("sim_slot"), rules.SIM_SLOT_MOST),
        _within(loaded.get("serving_cell"), rules.SERVING_CELL_MOST) if technology else UNKNOWN,
    )


def _degrees(value: float | None) -> float:
    return np.nan if value is None else value


def _signal(loaded: Mapping[str, Any], technology: str | None, name: str) -> int:
    value = loaded.get(name)
    if value is None or technology is None:
        return UNKNOWN
    low, high = rules.RANGES[technology][name]
    return round(value) if low <= value <= high else UNKNOWN


def _within(value: float | None, most: int) -> int:
    known = value is not None and 0 <= value <= most and value not in rules.UNKNOWN
    return int(value) if known and value is not None else UNKNOWN


def days_of(rows: Rows) -> NDArray["np.datetime64"]:
    """Return the days in Vietnam, (n,) datetime64[D]."""
    return (rows["measured"] + OFFSET).astype("M8[D]")


def problems_of(rows: Rows, received_at: datetime) -> rules.Numbers:
    """Return for n rows a number in rules.CODES, 0 for a sample to be located."""
    places = (rows[name] for name in ("latitude", "longitude", "accuracy_m"))
    found = rules.position_problems(*places)
    times = rules.time_problems(rows["measured"], received_at, rows["registered"])
    return np.where(times > 0, times, found)


def locate(rows: Rows, locator: Locator) -> Places:
    """Return the places of n rows without problems; 503 while no boundaries are loaded."""
    units, sets = np.full(len(rows), NO_UNIT), np.zeros(len(rows), np.int64)
    days = days_of(rows)
    by_set: dict[int, list[Any]] = {}
    serving = {}
    for day in np.unique(days):
        found = locator.set_for(day.item())
        by_set.setdefault(found.id, []).append(day)
        serving[found.id] = day.item()
    for set_id, of_set in by_set.items():
        at = np.flatnonzero(np.isin(days, of_set))
        sets[at] = set_id
        x, y, accuracies = (rows[name][at] for name in ("longitude", "latitude", "accuracy_m"))
        units[at] = units_of(x, y, accuracies, locator.loaded_set(serving[set_id]))
    return Places(units, sets, rules.cells_of(rows["latitude"], rows["longitude"]))


def units_of(x: rules.Floats, y: rules.Floats, accuracies: rules.Floats, loaded: LoadedSet) -> Ints:
    """Return the ids of the units at (n,) positions in degrees and metres, NO_UNIT outside all.

    Only those outside all are searched near their accuracy, which takes several times as long.
    """
    communes = loaded.index.locate_many(x, y).commune
    outside = np.flatnonzero(communes < 0)
    if len(outside):
        near = loaded.index.locate_many(x[outside], y[outside], accuracies[outside])
        communes[outside] = near.commune
    return loaded.unit_ids[communes]
