"""Main roads and water of the base map on drawn maps."""

from pathlib import Path

import pytest
from shapely import LineString, Polygon, box

from backend.canvas import COUNTRY_BOX, INSET, Canvas
from backend.web.maps.base_lines import HIGHWAY, ROAD, WATER, drawn_lines, read, write
from backend.web.maps.drawing import inset_coast

BOX = (105.0, 20.0, 106.0, 21.0)
MARGIN = 0.05


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "lines.npz"
    write(
        made,
        [
            (ROAD, LineString([(104.0, 20.5), (105.5, 20.5), (107.0, 20.5)])),
            (HIGHWAY, LineString([(105.2, 20.2), (105.8, 20.8)])),
            (HIGHWAY, LineString([(109.0, 12.0), (109.1, 12.1)])),  # elsewhere
            (WATER, box(105.3, 20.3, 105.5, 20.5)),
            (WATER, Polygon(box(105.6, 20.6, 105.601, 20.601).exterior)),  # a dot
        ],
    )
    return made


def test_lines_of_a_box_are_drawn_in_order(path: Path) -> None:
    drawn = dict(drawn_lines(path, BOX, MARGIN))
    assert list(drawn) == [WATER, ROAD, HIGHWAY]
    assert drawn[HIGHWAY].count("M") == drawn[ROAD].count("M") == drawn[WATER].count("M") == 1
    assert drawn[WATER].endswith("z") and "z" not in drawn[ROAD]


def test_a_line_ends_with_the_first_point_beyond(path: Path) -> None:
    write(path, [(ROAD, LineString([(104 + n / 10, 20.5 + n % 2 / 50) for n in range(41)]))])
    read.cache_clear()
    drawn_lines.cache_clear()
    [(kind, drawn)] = drawn_lines(path, BOX, MARGIN)
    assert kind == ROAD and drawn.count(" ") == 11  # of 40 steps


def test_without_a_file_nothing_is_drawn(tmp_path: Path) -> None:
    read.cache_clear()
    assert drawn_lines(tmp_path / "none.npz", BOX, MARGIN) == ()
    (tmp_path / "broken.npz").write_bytes(b"no arrays")
    assert drawn_lines(tmp_path / "broken.npz", BOX, MARGIN) == ()


# The inset of the archipelagos


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
