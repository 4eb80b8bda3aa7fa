"""Released places without a connection as hexagons on a drawn map."""

from collections.abc import Iterable
from dataclasses import dataclass

from backend.coverage.statistics.cells import hexagon
from backend.coverage.statistics.no_connection import PlaceRow
from backend.web.maps.drawing import MapDrawing
from backend.web.site.canvas import Canvas


@dataclass(frozen=True, slots=True)
class PlaceShape:
    """A place as a path on a drawing."""

    number: int  # of its row in the list
    path: str
    place: PlaceRow


def place_shapes(drawn: MapDrawing, places: Iterable[PlaceRow]) -> list[PlaceShape]:
    """Return the hexagons of places on a drawing of a unit, large ones first."""
    canvas = Canvas(drawn.box, drawn.margin)
    shapes = [
        PlaceShape(number, canvas.path(hexagon(place["cell"])), place)
        for number, place in enumerate(places, 1)
    ]
    return sorted(shapes, key=lambda shape: shape.place["resolution"])
