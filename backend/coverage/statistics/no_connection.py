"""Places without a connection in a monthly release: made with it, read by page, API and report."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

import h3
from sqlalchemy import select, text

from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.statistics import no_connection_rules as rules
from backend.coverage.statistics import release_rules
from backend.coverage.statistics.models import Release, ReleasedNoConnection
from backend.coverage.statistics.no_connection_rules import Note, Place
from backend.database.extensions import db, setting
from backend.measurements.no_connection.rules import cell_of
from backend.measurements.recording.operators import known_operator
from backend.units.models import Unit

# Five decimals are a metre.
DECIMALS = 5

# A finished test between the attempts contradicts the note.
NOTES = text("""
    select n.device_id, n.cell, n.day, n.received_at, n.operator, n.shared_network, n.unit_id
    from no_connection_notes n
    where n.day between :first and :last and n.cell is not null and n.excluded_at is null
      and not n.server_down
      and (cast(:units as integer[]) is null or n.unit_id = any(:units))
      and not exists (
          select from measurements m
          where m.device_id = n.device_id and m.measured_at between n.began_at and n.noted_at
            and m.status = 'finished'
      )
    order by n.noted_at, n.id
""")
MEASURED = text("""
    select device_id, latitude, longitude from measurements
    where unit_id = any(:units) and day between :first and :last and network = 'mobile'
      and counted and device_id is not null and latitude is not null and longitude is not null
""")

# The commune of each cell's centre on a day; that of a cell in the sea or abroad is missing.
UnitsOf = Callable[[Sequence[str], date], Mapping[str, int]]


class PlaceRow(TypedDict):
    """A released place: cell, centre, rounded numbers."""

    cell: str
    resolution: int
    latitude: float
    longitude: float
    notes: int
    devices: int
    operators: list[str]
    zone: bool


class UnitPlaces(TypedDict):
    """A row of a release: the places of a unit."""

    month: str
    unit_id: int
    places: list[PlaceRow]  # those with most notes first


@dataclass(frozen=True, slots=True)
class MonthPlaces:
    """The places of a month with the commune of each."""

    places: list[Place]
    unit_of: Mapping[str, int]


def find_places(
    month: str,
    people_of: Callable[[set[UUID]], Mapping[UUID, int]],
    units_of: UnitsOf,
    units: Sequence[int] | None = None,
) -> MonthPlaces:
    """Return the places of a month to show, of some communes if given."""
    span = {"first": month_start(month), "last": month_end(month)}
    rows = db.session.execute(NOTES, {**span, "units": list(units) if units else None}).all()
    if not rows:
        return MonthPlaces([], {})
    people = people_of({row.device_id for row in rows})
    # A device without counted samples is nobody's evidence, and a person of its own.
    strangers = {row.device_id: -(2**40) - n for n, row in enumerate(rows)}
    notes = [_note(row, people.get(row.device_id, strangers[row.device_id])) for row in rows]
    cells = {
        rules.cell_at(note.cell, resolution) for note in notes for resolution in rules.RESOLUTIONS
    }
    unit_of = units_of(sorted(cells), month_end(month))
    measured = _measured({row.unit_id for row in rows}, span)
    return MonthPlaces(rules.shown_places(notes, unit_of.keys(), measured), unit_of)


def _note(row: Any, person: int) -> Note:
    return Note(
        person=person,
        cell=row.cell,
        day=row.day,
        received_day=local_day(row.received_at),
        operator=known_operator("mobile", row.operator),
        alone=not row.shared_network,
    )


def _measured(units: set[int], span: Mapping[str, date]) -> dict[str, int]:
    """Return the number of devices with counted mobile samples by cell."""
    devices: dict[str, set[UUID]] = defaultdict(set)
    for row in db.session.execute(MEASURED, {**span, "units": sorted(units)}):
        devices[cell_of(row.latitude, row.longitude)].add(row.device_id)
    return {cell: len(found) for cell, found in devices.items()}


def released_rows(
    month: str, found: MonthPlaces, chains: Mapping[int, tuple[int, ...]]
) -> list[UnitPlaces]:
    """Return the rows of a release: the places of each unit, those with most notes first."""
    items: dict[int, list[PlaceRow]] = defaultdict(list)
    for place in found.places:
        item = serialize(month, place)
        for unit in chains[found.unit_of[place.cell]][:-1]:  # without the country
            items[unit].append(item)
    for rows in items.values():
        rows.sort(key=lambda item: (not item["zone"], -item["notes"], item["cell"]))
    return [{"month": month, "unit_id": unit, "places": items[unit]} for unit in sorted(items)]


def serialize(month: str, place: Place) -> PlaceRow:
    """Return a place with rounded numbers, which reveal no single note."""
    latitude, longitude = h3.cell_to_latlng(place.cell)
    key = setting("SECRET_KEY").encode()
    label = f"{month}|{place.cell}"
    return {
        "cell": place.cell,
        "resolution": place.resolution,
        "latitude": round(latitude, DECIMALS),
        "longitude": round(longitude, DECIMALS),
        "notes": release_rules.rounded(place.notes, key, f"release|notes|{label}"),
        "devices": release_rules.rounded(place.people, key, f"release|noting|{label}"),
        "operators": list(place.operators),
        "zone": place.zone,
    }


def read_places(month: UnitMonth) -> tuple[datetime | None, list[PlaceRow]]:
    """Return the time of a month's release, and its places of a unit or of the country."""
    made_at = db.session.scalar(select(Release.made_at).where(Release.month == month.month))
    if month.unit is None:
        return made_at, country_places(month.month)
    key = month.unit.id, month.month
    row = db.session.get(ReleasedNoConnection, key)
    return made_at, list(row.places) if row else []  # type: ignore[arg-type]


def country_places(month: str, units: frozenset[int] | None = None) -> list[PlaceRow]:
    """Return the released places of all provinces, or of those among `units`, by cell."""
    rows = db.session.execute(
        select(Unit.id, ReleasedNoConnection.places)
        .join(Unit, Unit.id == ReleasedNoConnection.unit_id)
        .where(ReleasedNoConnection.month == month, Unit.level == "province")
    )
    places = [place for row in rows if units is None or row.id in units for place in row.places]
    return sorted(places, key=lambda place: place["cell"])
