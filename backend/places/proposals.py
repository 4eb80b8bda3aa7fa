"""Proposed places: hamlets and cells with evidence near which there is no place yet.

Computed when they are read, stored nowhere. A cell of 5 km² says where to look: the official sets
the position of a new place.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, TypedDict
from uuid import UUID

import h3
import numpy as np
from numpy.typing import NDArray
from shapely import Point, STRtree, points
from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import local_day
from backend.database.extensions import db
from backend.organisations.references import UnitBrief, serialize_units
from backend.places.evidence import (
    HAMLET_RADIUS_M,
    MAX_ACCURACY_M,
    METRES_PER_DEGREE,
    RADIUS_M,
    SLOW_MBPS,
    UNUSABLE,
    EvidenceNumbers,
    shown_phones,
)
from backend.places.hamlets import (
    SEE,
    HamletRow,
    StatedPosition,
    authorized_province,
    locate,
    read_hamlets,
)
from backend.places.service import PlaceRow, read_places
from backend.units.index import unit_index

# Three months: older evidence of a place that nobody noted again is seen on its page alone.
DAYS = 92
CELL_RESOLUTION = 7  # H3: 5 km²
CENTRE_DECIMALS = 2  # 1 km: of a cell, for orientation
# As many as an office works through in weeks; the next follow once these are places.
MOST = 100

GAPS = text("""
    select n.device_id, n.operator, 'note' as kind,
        round(cast(n.latitude as numeric), 3) as latitude,
        round(cast(n.longitude as numeric), 3) as longitude
    from no_connection_notes n
    where n.unit_id = any(:units) and n.day >= :first and n.latitude is not null
        and not n.server_down and n.excluded_at is null
        and coalesce(n.accuracy_m, 0) <= :accuracy
    union all
    select m.device_id, m.operator,
        case when 'failed_test' = any(m.reasons) then 'failed' else 'slow' end,
        round(cast(m.latitude as numeric), 3), round(cast(m.longitude as numeric), 3)
    from measurements m
    where m.unit_id = any(:units) and m.day >= :first and m.latitude is not null
        and m.network = 'mobile' and m.device_id is not null and m.accuracy_m <= :accuracy
        and not m.reasons && cast(:unusable as text[])
        and ('failed_test' = any(m.reasons)
            or (m.download_mbps < :slow and not 'capped' = any(m.marks)))
""")


class ProposedPlace(EvidenceNumbers):
    """A hamlet, or a cell of 5 km² outside hamlets, with evidence of the last three months."""

    hamlet_id: int | None
    name: Annotated[str | None, "Of the hamlet; null: a cell"]
    unit: UnitBrief | None  # commune of the hamlet or of the cell's centre; null: in none
    centre: Annotated[StatedPosition | None, "Of the cell, to 1 km, for orientation alone"]
    operators: list[str]


class ProposedPlaces(TypedDict):
    """The proposed places of a province, those with most evidence first."""

    items: list[ProposedPlace]


@dataclass(frozen=True, slots=True)
class Gap:
    """A note or a test that speaks for a place: the columns of GAPS."""

    device_id: UUID
    operator: str | None
    kind: str  # note, failed, slow
    latitude: float  # rounded
    longitude: float


Group = int | str  # the id of a hamlet, or a cell


def list_proposals(actor: Actor, code: str, now: datetime) -> ProposedPlaces:
    """Return the proposed places of a province, for its officials."""
    province = authorized_province(actor, SEE, code, now)
    gaps = _without_place(read_gaps(province.id, now), read_places(province.id))
    hamlets = [one for one in read_hamlets(province.id) if one.latitude is not None]
    groups = group_gaps(gaps, hamlets)
    largest = sorted(groups.items(), key=lambda item: (-len(item[1]), str(item[0])))[:MOST]
    return {"items": _serialize(dict(largest), {one.id: one for one in hamlets}, now)}


def read_gaps(province_id: int, now: datetime) -> list[Gap]:
    """Read what speaks for places without coverage in a province, in the last three months."""
    today = local_day(now)
    communes = [one.id for one in unit_index().on(today, "commune") if province_id in one.lies_in]
    values = {
        "units": communes,
        "first": today - timedelta(days=DAYS),
        "accuracy": MAX_ACCURACY_M,
        "unusable": UNUSABLE,
        "slow": SLOW_MBPS,
    }
    rows = db.session.execute(GAPS, values)
    return [
        Gap(device, operator, kind, float(latitude), float(longitude))
        for device, operator, kind, latitude, longitude in rows
    ]


def group_gaps(gaps: Sequence[Gap], hamlets: Sequence[HamletRow]) -> dict[Group, list[Gap]]:
    """Group evidence by the nearest hamlet within its radius, else by cell."""
    near: dict[int, int] = {}
    if gaps and hamlets:
        middle = gaps[0].latitude
        tree = STRtree([Point(*one) for one in _metres(hamlets, middle)])
        found = tree.query_nearest(
            points(_metres(gaps, middle)), max_distance=HAMLET_RADIUS_M, all_matches=False
        )
        near = dict(zip(*found.tolist(), strict=True))
    groups: defaultdict[Group, list[Gap]] = defaultdict(list)
    for number, gap in enumerate(gaps):
        group: Group = (
            hamlets[near[number]].id
            if number in near
            else str(h3.latlng_to_cell(gap.latitude, gap.longitude, CELL_RESOLUTION))
        )
        groups[group].append(gap)
    return dict(groups)


def _without_place(gaps: Sequence[Gap], places: Sequence[PlaceRow]) -> list[Gap]:
    """Return the evidence that is near no place of its operator, whatever its state."""
    placed = [one for one in places if one.latitude is not None]
    if not gaps or not placed:
        return list(gaps)
    middle = gaps[0].latitude
    at, of = _metres(gaps, middle), _metres(placed, middle)
    tree = STRtree([Point(*one) for one in of])
    pairs = tree.query(points(at), predicate="dwithin", distance=HAMLET_RADIUS_M)
    known = set()
    for number, place_number in zip(*pairs.tolist(), strict=True):
        gap, place = gaps[number], placed[place_number]
        radius = RADIUS_M if place.hamlet_id is None else HAMLET_RADIUS_M
        distance = float(np.hypot(*(at[number] - of[place_number])))
        same = None in (place.operator, gap.operator) or place.operator == gap.operator
        if same and distance <= radius:
            known.add(number)
    return [gap for number, gap in enumerate(gaps) if number not in known]


def _metres(
    rows: Sequence[Gap] | Sequence[HamletRow] | Sequence[PlaceRow], latitude: float
) -> NDArray[np.float64]:
    """Return positions on a plane in metres around a latitude, shape (n, 2).

    Lengths from west to east are 1 % off a degree of latitude from it.
    """
    degrees = np.array([(one.longitude, one.latitude) for one in rows], dtype=np.float64)
    shrink = np.cos(np.radians(latitude))
    return np.column_stack([degrees[:, 0] * shrink, degrees[:, 1]]) * METRES_PER_DEGREE


def _serialize(
    groups: dict[Group, list[Gap]], hamlets: dict[int, HamletRow], now: datetime
) -> list[ProposedPlace]:
    cells = [group for group in groups if isinstance(group, str)]
    centres = dict(zip(cells, map(h3.cell_to_latlng, cells), strict=True))
    found = dict(zip(cells, (unit for unit, _ in locate(list(centres.values()), now)), strict=True))
    units = serialize_units([*found.values(), *(one.unit_id for one in hamlets.values())])
    proposed = []
    for group, gaps in groups.items():
        hamlet = hamlets[group] if isinstance(group, int) else None
        item: ProposedPlace = {
            "hamlet_id": hamlet.id if hamlet else None,
            "name": hamlet.name if hamlet else None,
            "unit": units.get(hamlet.unit_id if hamlet else found[str(group)]),
            "centre": None if hamlet else _orientation(*centres[str(group)]),
            "operators": sorted({one.operator for one in gaps if one.operator}),
            **_numbers(gaps),
        }
        proposed.append(item)
    return proposed


def _orientation(latitude: float, longitude: float) -> StatedPosition:
    return {
        "latitude": round(latitude, CENTRE_DECIMALS),
        "longitude": round(longitude, CENTRE_DECIMALS),
    }


def _numbers(gaps: Collection[Gap]) -> EvidenceNumbers:
    return {
        "notes": sum(one.kind == "note" for one in gaps),
        "failed_tests": sum(one.kind == "failed" for one in gaps),
        "slow_tests": sum(one.kind == "slow" for one in gaps),
        "phones": shown_phones(len({one.device_id for one in gaps})),
    }
