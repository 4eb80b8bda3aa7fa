"""Maps drawn by the server as SVG: coloured outlines, the islands, the name of the sea."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from backend.coverage.figures.forecast import STEP_NAMES
from backend.coverage.figures.service import progress_of
from backend.coverage.plan.service import PlanPlace
from backend.errors import Problem
from backend.units.catalogue import ActiveSet
from backend.units.search import unit_index
from backend.units.service import UnitRow, find, set_on
from backend.web.maps import outlines
from backend.web.site.canvas import ARCHIPELAGOS, COUNTRY_BOX, INSET, SEA, Box, Canvas

Names = dict[str, str]  # by code
Figures = dict[str, Any]  # of coverage.map_figures


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


def country_map(
    folder: Path, active: ActiveSet | None, names: Names, figures: Figures
) -> MapDrawing:
    """Draw the provinces with the sea; without a boundary set the sea only."""
    paths = outlines.country(folder, active).paths if active else {}
    canvas = Canvas(COUNTRY_BOX)
    shapes = _shapes(paths, names, figures, "province")
    return MapDrawing(canvas.width, canvas.height, True, shapes, sea_on(canvas), COUNTRY_BOX)


def unit_map(
    folder: Path, active: ActiveSet | None, unit: UnitRow, names: Names, figures: Figures
) -> MapDrawing | None:
    """Draw the communes of a unit; None if the set has no polygon of it."""
    drawing = outlines.inside(folder, active, unit) if active else None
    if drawing is None or active is None:
        return None
    shapes = _shapes(drawing.paths, names, figures, "commune")
    return _part(folder, active, drawing, shapes)


def area_map(folder: Path, active: ActiveSet, area: Iterable[PlanPlace]) -> MapDrawing | None:
    """Draw the communes of a campaign; None if the set has no polygon of them."""
    communes = {one.code: one for one in area}
    drawing = outlines.area(folder, active, tuple(sorted(communes)))
    if drawing is None:
        return None
    shapes = []
    for code, path in drawing.paths.items():
        one = communes[code]
        shapes.append(UnitShape(code, one.name, path, STEP_NAMES[one.step], one.has, one.need))
    return _part(folder, active, drawing, tuple(shapes))


def plain_country(folder: Path, active: ActiveSet) -> MapDrawing:
    """Draw the provinces with the sea, without figures."""
    return country_map(folder, active, {}, {"levels": {}})


def pick_map(folder: Path, day: date, within: str | None) -> tuple[MapDrawing, Names]:
    """Return a map of the communes of a province or of the provinces, and the labels of its units.

    Raises 404 for an unknown unit and for a day without boundaries.
    """
    active, index = set_on(day), unit_index()
    if active is None:
        raise Problem(404, "not_found")
    if within is None:
        labels = {one.code: one.label for one in index.on(day, "province")}
        return plain_country(folder, active), labels
    unit = find(day, within, "province")
    labels = {one.code: one.label for one in index.on(day, "commune") if unit.id in one.lies_in}
    drawn = unit_map(folder, active, unit, {}, {"levels": {}})
    if drawn is None:
        raise Problem(404, "not_found")
    return drawn, labels


def _part(
    folder: Path, active: ActiveSet, drawing: outlines.Drawing, shapes: tuple[UnitShape, ...]
) -> MapDrawing:
    """Return the map of a part of the country with the inset of the sea."""
    coast = tuple(outlines.country(folder, active).paths.values())
    sea = sea_on(Canvas(COUNTRY_BOX), coast)
    return MapDrawing(drawing.width, drawing.height, False, shapes, sea, drawing.box)


def _shapes(
    paths: dict[str, str], names: Names, figures: Figures, level: str
) -> tuple[UnitShape, ...]:
    drawn = []
    for code, path in paths.items():
        step, has, need = progress_of(figures, level, code)
        drawn.append(UnitShape(code, names.get(code, code), path, STEP_NAMES[step], has, need))
    return tuple(drawn)


def sea_on(canvas: Canvas, coast: tuple[str, ...] = ()) -> Sea:
    """Return the labels of the islands and the sea on a drawing of the country."""
    marks = tuple(
        SeaLabel(
            (one.name, f"({one.province})"),
            canvas.at(one.label),
            tuple(canvas.at(island) for island in one.islands),
        )
        for one in ARCHIPELAGOS
    )
    (left, top), (right, bottom) = canvas.at(INSET[0]), canvas.at(INSET[1])
    name = SeaLabel((SEA[0],), canvas.at(SEA[1]), ())
    inset = (left, top, right - left, bottom - top)
    places: list[dict[str, Any]] = [
        {"name": f"{one.name} ({one.province})", "label": one.label, "islands": one.islands}
        for one in ARCHIPELAGOS
    ]
    return Sea(marks, name, inset, coast, [*places, {"name": SEA[0], "label": SEA[1]}])
