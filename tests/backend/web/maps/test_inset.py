"""The inset with the islands beside maps of a part of the country."""

from shapely import box

from backend.canvas import COUNTRY_BOX, INSET, Canvas
from backend.web.maps.drawing import inset_coast


def test_only_what_it_shows_of_the_coast_is_sent() -> None:
    canvas = Canvas(COUNTRY_BOX)
    (west, north), (east, south) = INSET
    inland, coast = box(103, 20, 105, 22), box(107, 12, 109, 14)
    island = box(110, 9, 111, 10)
    paths = {"inland": inland, "coast": coast, "both": inland.union(island)}
    drawn = {code: canvas.path(shape) for code, shape in paths.items()}
    found = inset_coast(tuple(drawn.values()))
    assert found == (canvas.path(coast), canvas.path(island))
    assert all(west < x < east and south < y < north for x, y in ((108, 13), (110.5, 9.5)))
