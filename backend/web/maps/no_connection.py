"""Released places without a connection as hexagons on a drawn map."""

from collections.abc import Iterable

from backend.canvas import Canvas
from backend.coverage.statistics.cells import hexagon
from backend.coverage.statistics.no_connection import PlaceRow
from backend.units.outlines import Drawing


def place_paths(drawn: Drawing, places: Iterable[PlaceRow]) -> list[tuple[str, bool]]:
    """Return the path of each place on a drawing, and whether it is a zone; large ones first."""
    canvas = Canvas(drawn.box, drawn.margin)
    ordered = sorted(places, key=lambda place: place["resolution"])
    return [(canvas.path(hexagon(place["cell"])), place["zone"]) for place in ordered]
