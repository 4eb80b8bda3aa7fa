"""Shapes are cut to a box for a drawing, however they touch it."""

import shapely

from backend.canvas import Canvas, clip

# Of a simplified commune of the built-in boundaries and the box of its neighbour's map, for which
# shapely.clip_by_rect makes a ring of three points and raises.
TOUCHING = shapely.from_wkt(
    "POLYGON ((106.165 20.3125, 106.165 20.3275, 106.1725 20.3275, 106.1725 20.33, 106.185 20.33,"
    " 106.185 20.3325, 106.1975 20.3325, 106.1975 20.335, 106.2025 20.33, 106.1975 20.3275,"
    " 106.1925 20.3125, 106.165 20.3125))"
)
BOX = (106.1375, 20.334999999999997, 106.2025, 20.42)


def test_a_neighbour_that_touches_the_box_is_cut() -> None:
    cut = clip(TOUCHING, BOX)
    assert cut.area < 1e-9
    assert Canvas(BOX).path(cut) == ""


def test_the_part_in_the_box_is_kept() -> None:
    whole = shapely.box(0, 0, 2, 2)
    assert clip(whole, (1, 1, 5, 5)).equals(shapely.box(1, 1, 2, 2))


def test_an_invalid_shape_is_cut() -> None:
    bow_tie = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    assert clip(bow_tie, (0, 0, 1, 2)).area == 1
