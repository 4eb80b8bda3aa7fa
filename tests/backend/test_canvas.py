"""Shapes are cut to a box for a drawing; a drawing is found on another, with all islands."""

import pytest
import shapely

from backend.canvas import COUNTRY_BOX, Canvas, archipelagos, clip, country_map, rings

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


def test_a_drawing_is_found_on_a_larger_one() -> None:
    part, country = Canvas((105.0, 21.0, 106.0, 22.0), 0.05), Canvas(COUNTRY_BOX)
    x, y, scale = part.place_on(country)
    for point in ((105.0, 21.0), (105.7, 21.9)):
        at, wanted = part.at(point), country.at(point)
        assert (x + at[0] * scale, y + at[1] * scale) == pytest.approx(wanted, abs=1)


def test_the_small_map_names_the_islands_and_the_sea() -> None:
    drawn = country_map()
    assert [" ".join(lines) for lines, *_ in drawn.names] == [
        "QĐ. Hoàng Sa (Đà Nẵng)", "QĐ. Trường Sa (Khánh Hòa)", "Biển Đông",
    ]  # fmt: skip
    assert len(drawn.islands) == sum(len(one.islands) for one in archipelagos()) == 25
    assert all(0 < x < drawn.canvas.width and 0 < y < drawn.canvas.height for x, y in drawn.islands)
    assert len(rings(drawn.land)) > 5
