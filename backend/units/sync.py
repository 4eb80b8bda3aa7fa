"""What an installed boundary set teaches the dated list of units."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from geopandas import GeoDataFrame
from shapely import STRtree, points
from sqlalchemy import select

from backend.database.extensions import db
from backend.units.catalogue import system_span
from backend.units.models import Unit
from backend.units.unit_list import LEVEL_ORDER, Span, insert_rows, row_of
from geo.gazetteer import GazetteerUnit, load_units


@dataclass(frozen=True, slots=True)
class Learned:
    """What a set did to the list."""

    ids: dict[str, int]  # commune code -> row
    added: tuple[str, ...]
    cut: tuple[str, ...]
    without_polygon: tuple[str, ...]


def learn(system: str, span: Span, frame: GeoDataFrame) -> Learned:
    """Bring the list into step with an installed set of a span of days.

    - A commune of the set that the list lacks becomes a row, valid in the set's span; so do its
      district and province, if need be. A row that an earlier set brought is extended.
    - A listed commune that the set lacks, but whose known centre lies in the polygon of a commune
      that the built-in list does not know, was formed out of that one later: it begins the day
      after the set's last. Where the set holds until the system's end, the code was given up
      instead: it ends the day before the set's first.
    - Any other listed commune that the set lacks stays listed, without a polygon.

    A listed unit keeps the parent of the built-in list, also where the set names another district.
    """
    known = {
        (row.level, row.code): row
        for row in db.session.scalars(select(Unit).where(Unit.system == system))
    }
    codes = set(frame["code"])
    listed = {unit.code for unit in load_units(system) if unit.level == "commune"}
    new = frame[[("commune", code) not in known for code in frame["code"]]]
    ids = {key: row.id for key, row in known.items()}
    for level in LEVEL_ORDER:
        fresh = {(unit.level, unit.code): unit for unit in _units(system, level, new)}
        ids |= insert_rows(row_of(unit, span, ids) for key, unit in fresh.items() if key not in ids)
    absent = listed - codes
    missing = [row for row in known.values() if row.code in absent and _valid(row, span)]
    cut = _cut(span, frame[~frame["code"].isin(listed)], missing)
    _extend(span, (row for key, row in known.items() if key[0] == "commune" and key[1] in codes))
    return Learned(
        ids={code: ids[("commune", code)] for code in codes},
        added=tuple(new["code"]),
        cut=cut,
        without_polygon=tuple(row.code for row in missing if row.code not in cut),
    )


def _units(system: str, level: str, frame: GeoDataFrame) -> Iterator[GazetteerUnit]:
    """The communes of a frame, or the districts or provinces above them."""
    column = "code" if level == "commune" else f"{level}_code"
    name = "name" if level == "commune" else f"{level}_name"
    if column not in frame:
        return
    for unit in frame.to_dict("records"):
        centre = unit["geometry"].representative_point() if level == "commune" else None
        label = str(unit.get(name) or unit[column])
        yield GazetteerUnit(
            system=system,
            level=level,
            code=unit[column],
            name=label,
            type=str(unit.get("type") or "") if level == "commune" else label.split(" ")[0],
            province_code=unit.get("province_code") or "",
            district_code=unit.get("district_code") or "",
            latitude=centre and centre.y,
            longitude=centre and centre.x,
            area_km2=None,
        )


def _valid(row: Unit, span: Span) -> bool:
    """Whether a commune of the list is valid on some day of the span."""
    first, last = row.valid_from or date.min, row.valid_to or date.max
    begins, ends = span[0] or date.min, span[1] or date.max
    return row.level == "commune" and first <= ends and begins <= last


def _cut(span: Span, foreign: GeoDataFrame, missing: list[Unit]) -> tuple[str, ...]:
    """Cut the validity of communes that were formed out of a foreign one, later or before."""
    located = [row for row in missing if row.longitude is not None]
    centres = points(
        np.array([row.longitude for row in located], dtype=float),
        np.array([row.latitude for row in located], dtype=float),
    )
    tree = STRtree(foreign.geometry.array)
    inside = set(tree.query(centres, predicate="intersects")[0].tolist())
    cut = [row for number, row in enumerate(located) if number in inside]
    for row in cut:
        if span[1] not in (None, system_span(row.system)[1]):
            row.valid_from = max(row.valid_from or date.min, span[1] + timedelta(days=1))
        elif span[0] is not None:
            row.valid_to = min(row.valid_to or date.max, span[0] - timedelta(days=1))
    return tuple(row.code for row in cut)


def _extend(span: Span, rows: Iterable[Unit]) -> None:
    """Widen the validity of rows to a span in which a set has their polygon."""
    for row in rows:
        if row.valid_from is not None:
            row.valid_from = min(row.valid_from, span[0]) if span[0] else None
        if row.valid_to is not None:
            row.valid_to = max(row.valid_to, span[1]) if span[1] else None
