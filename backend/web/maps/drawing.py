"""Maps drawn by the server as SVG: coloured outlines, the islands, the name of the sea."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from backend.canvas import COUNTRY_BOX, INSET, SEA, Box, Canvas, archipelagos, rings
from backend.coverage.figures.coverage_answer import LevelSteps
from backend.coverage.figures.forecast import STEP_NAMES
from backend.coverage.plan.service import PlanPlace
from backend.errors import Problem, or_404
from backend.units import outlines
from backend.units.catalogue import ActiveSet
from backend.units.index import unit_index
from backend.units.service import UnitRow, find, set_on
from backend.web.maps.base_lines import drawn_lines, lines_path
from backend.web.maps.basemap import basemap_path, current_basemap
from backend.web.maps.labels import OVERHANG, MapLabel, Wanted, place_labels

# Boundary sets whose coast is kept in memory.
MAX_COASTS = 8
# Provinces are narrow on a map of the country: their names may lie over neighbours.
COUNTRY_OVERHANG = 2.4
# Hà Nội and Thành phố Hồ Chí Minh are small and must not be missing.
FIRST_NAMES = ("01", "79")

Names = dict[str, str]  # by code


@dataclass(frozen=True, slots=True)
class UnitShape:
    """One unit of a map: outline, step, samples and needed samples."""

    code: str
    name: str
    path: str
    step: str
    has: int
    need: int


@dataclass(frozen=True, slots=True)
class SeaLabel:
    """A label on the map in lines, and the islands of its name."""

    lines: tuple[str, ...]
    at: tuple[int, int]
    islands: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Sea:
    """Labels of the islands and of the sea on a drawing of the country."""

    marks: tuple[SeaLabel, ...]
    name: SeaLabel
    inset: tuple[int, int, int, int]  # the part with the islands: left, top, width, height
    coast: tuple[str, ...]  # of the country, for maps of a part of it
    places: list[dict[str, Any]]  # the labels in degrees, for the script map


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """A drawn map with its sea, as an inset or in the map."""

    width: int
    height: int
    whole: bool  # whether it shows the country with its seas
    shapes: tuple[UnitShape, ...]
    sea: Sea
    box: Box  # in degrees
    margin: float = 0.0  # around the box, as a part of its longer side
    labels: tuple[MapLabel, ...] = ()
    around: tuple[tuple[str, str], ...] = ()  # code and path of neighbours
    borders: tuple[str, ...] = ()  # of the provinces
    basemap: str | None = None  # digest of the operator's, for the script map
    base: tuple[tuple[str, str], ...] = ()  # class and path of its roads and water


def country_map(active: ActiveSet | None, names: Names, steps: LevelSteps) -> MapDrawing:
    """Draw the provinces with the sea; without a boundary set the sea only."""
    canvas = Canvas(COUNTRY_BOX)
    sea = sea_on(canvas)
    if active is None:
        return MapDrawing(canvas.width, canvas.height, True, (), sea, COUNTRY_BOX)
    drawing = outlines.country(active)
    shapes = _shapes(drawing.paths, names, steps)
    wanted = [
        Wanted(
            one.code, one.name, drawing.label_positions[one.code], COUNTRY_OVERHANG,
            first=one.code in FIRST_NAMES,
        )
        for one in shapes
        if one.name != one.code and one.code in drawing.label_positions
    ]  # fmt: skip
    labels = place_labels(wanted, drawing.width, drawing.height)
    basemap = current_basemap(outlines.maps_folder())
    return MapDrawing(
        canvas.width, canvas.height, True, shapes, sea, COUNTRY_BOX, labels=labels, basemap=basemap
    )


def unit_map(
    active: ActiveSet | None, unit: UnitRow, names: Names, steps: LevelSteps
) -> MapDrawing | None:
    """Draw the communes of a unit; None if the set has no polygon of it."""
    drawing = outlines.inside(active, unit) if active else None
    if drawing is None or active is None:
        return None
    shapes = _shapes(drawing.paths, names, steps)
    return _part(active, drawing, shapes, names)


def area_map(active: ActiveSet, area: Iterable[PlanPlace], names: Names) -> MapDrawing | None:
    """Draw the communes of a campaign; None if the set has no polygon of them."""
    communes = {one.code: one for one in area}
    drawing = outlines.area(active, tuple(sorted(communes)))
    if drawing is None:
        return None
    shapes = []
    for code, path in drawing.paths.items():
        one = communes[code]
        shapes.append(UnitShape(code, one.name, path, STEP_NAMES[one.step], one.has, one.need))
    return _part(active, drawing, tuple(shapes), names)


def plain_country(active: ActiveSet, names: Names | None = None) -> MapDrawing:
    """Draw the provinces with the sea, without figures."""
    return country_map(active, names or {}, {})


def pick_map(day: date, within: str | None) -> tuple[MapDrawing, Names]:
    """Return a map of the communes of a province or of the provinces, and the labels of its units.

    Raises 404 for an unknown unit and for a day without boundaries.
    """
    active, index = set_on(day), unit_index()
    if active is None:
        raise Problem(404, "not_found")
    if within is None:
        labels = {one.code: one.label for one in index.on(day, "province")}
        return plain_country(active), labels
    unit = find(day, within, "province")
    inside = [one for one in index.on(day, "commune") if unit.id in one.lies_in]
    labels = {one.code: one.label for one in inside}
    names = {one.code: one.name for one in inside}
    drawn = or_404(unit_map(active, unit, names, {}))
    return drawn, labels


@dataclass(frozen=True, slots=True)
class PointMap:
    """A map of a province on which an official sets a point."""

    drawn: MapDrawing  # its place and the inset of the sea; nothing is drawn by the server
    digest: str  # of the boundary set
    centres: dict[str, tuple[float, float]]  # latitude and longitude of communes, by code


def point_map(province: UnitRow, communes: Iterable[UnitRow], day: date) -> PointMap | None:
    """Return the map of a province's points; None if the day's set has no polygon of it."""
    active = set_on(day)
    drawing = outlines.inside(active, province) if active else None
    if active is None or drawing is None:
        return None
    centres = {
        one.code: (one.latitude, one.longitude)
        for one in communes
        if one.latitude is not None and one.longitude is not None
    }
    return PointMap(_part(active, drawing, (), {}), active.digest, centres)


def _part(
    active: ActiveSet,
    drawing: outlines.Drawing,
    shapes: tuple[UnitShape, ...],
    names: Names,
) -> MapDrawing:
    """Return the map of a part of the country with the inset of the sea."""
    coast = inset_coast(tuple(outlines.country(active).paths.values()))
    sea = sea_on(Canvas(COUNTRY_BOX), coast)
    digest = current_basemap(outlines.maps_folder())
    lines = lines_path(basemap_path(outlines.maps_folder(), digest)) if digest else None
    base = drawn_lines(lines, drawing.box, drawing.margin) if lines else ()
    return MapDrawing(
        drawing.width, drawing.height, False, shapes, sea, drawing.box, drawing.margin,
        _labels(drawing, shapes, names), tuple(drawing.around.items()),
        tuple(drawing.borders), digest, base,
    )  # fmt: skip


def _labels(
    drawing: outlines.Drawing, shapes: tuple[UnitShape, ...], names: Names
) -> tuple[MapLabel, ...]:
    """Return the names that fit, of units with their share of the target, and of neighbours."""
    own = {one.code: one for one in shapes}
    wanted = []
    for code, position in drawing.label_positions.items():
        shape = own.get(code)
        name = shape.name if shape else names.get(code, code)
        if name != code:
            wanted.append(Wanted(code, name, position, OVERHANG, _share(shape), beyond=not shape))
    return place_labels(wanted, drawing.width, drawing.height)


def _share(shape: UnitShape | None) -> str:
    if shape is None or not shape.need:
        return ""
    percent = min(100, 100 * shape.has // shape.need)
    return "<1%" if shape.has and not percent else f"{percent}%"


def _shapes(paths: dict[str, str], names: Names, steps: LevelSteps) -> tuple[UnitShape, ...]:
    drawn = []
    for code, path in paths.items():
        step, has, need = steps.get(code, (0, 0, 0))  # without samples
        drawn.append(UnitShape(code, names.get(code, code), path, STEP_NAMES[step], has, need))
    return tuple(drawn)


@lru_cache(MAX_COASTS)
def inset_coast(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parts of the country's outlines that the inset shows: a quarter of them."""
    left, top = Canvas(COUNTRY_BOX).at(INSET[0])
    found = (
        "".join(
            f"{part}z"
            for part in path.split("z")
            for ring in rings(part)
            if max(x for x, _ in ring) >= left and max(y for _, y in ring) >= top
        )
        for path in paths
    )
    return tuple(path for path in found if path)


def sea_on(canvas: Canvas, coast: tuple[str, ...] = ()) -> Sea:
    """Return the labels of the islands and the sea on a drawing of the country."""
    marks = tuple(
        SeaLabel(
            (one.name, f"({one.province})"),
            canvas.at(one.label),
            tuple(canvas.at(island) for island in one.islands),
        )
        for one in archipelagos()
    )
    (left, top), (right, bottom) = canvas.at(INSET[0]), canvas.at(INSET[1])
    name = SeaLabel((SEA[0],), canvas.at(SEA[1]), ())
    inset = (left, top, right - left, bottom - top)
    places: list[dict[str, Any]] = [
        {"name": f"{one.name} ({one.province})", "label": one.label, "islands": one.islands}
        for one in archipelagos()
    ]
    return Sea(marks, name, inset, coast, [*places, {"name": SEA[0], "label": SEA[1]}])
