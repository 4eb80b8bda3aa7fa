"""The desk of one commune: hexagons and notes on its map, its days, its teams."""

from datetime import datetime
from typing import Any

from backend.accounts.access import Actor
from backend.canvas import Canvas
from backend.clock import month_end
from backend.coverage.contributions.service import teams_in
from backend.coverage.no_connection.service import list_notes
from backend.coverage.statistics.cells import CellsQuery, cells_inside, unit_cells
from backend.i18n.catalogues import Language
from backend.i18n.formats import number
from backend.units.service import set_on
from backend.web.desk.area import AreaPage
from backend.web.maps.cells import cell_shapes
from backend.web.maps.drawing import MapDrawing
from backend.web.site import charts

# Steps of a live hexagon's colour: from this number of samples on.
STEPS = {"started": 1, "quarter": 5, "half": 10, "most": 30}
MAX_NOTES = 100


def show_commune(
    actor: Actor,
    area: AreaPage,
    drawn: MapDrawing | None,
    now: datetime,
    language: Language,
) -> dict[str, Any]:
    """Return the live hexagons, notes, teams and days of a commune for its official."""
    unit, month, network = area.unit, area.query.month, area.query.network
    query: CellsQuery = {"level": "commune", "month": month, "network": network}
    cells = unit_cells(actor, unit.code, query, language, now)["items"]
    active = set_on(month_end(month))
    inside = cells_inside(active.id, unit.id) if active else 0
    noted = {"month": month, "level": "commune", "cursor": None, "limit": MAX_NOTES}
    notes = list_notes(actor, unit.code, noted, now)["items"]
    canvas = Canvas(drawn.box, drawn.margin) if drawn else None
    places = [one["position"] for one in notes if one["position"] and not one["excluded"]]
    at = [canvas.at((one["longitude"], one["latitude"])) for one in places] if canvas else []
    return {
        "cells": cell_shapes(drawn, cells, STEPS) if drawn else [],
        "cells_empty": max(inside - len(cells), 0) if inside else None,  # without samples
        "notes": at,  # places without a connection
        "teams": teams_in(unit.id, month, network),
        "days": _days(area, language),
    }


def _days(area: AreaPage, language: Language) -> charts.Bars | None:
    """Return the samples of each day, with the pace of the target as a line."""
    course = area.overview.course
    if course is None or not course.daily:
        return None
    values: list[tuple[str, float | None, str]]
    values = [(str(day), float(n), number(n, language)) for day, n in enumerate(course.daily, 1)]
    values += [(str(day), None, "–") for day in range(len(values) + 1, course.days + 1)]
    return charts.bars(values, course.need / course.days)
