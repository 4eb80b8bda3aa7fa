"""Which commune: against geopandas, against shapely one by one, and on edges."""

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.index import EDGE, CommuneIndex, Location, Locations
from tests.support.geo_coverages import (
    SETS,
    SOUTH,
    STEP,
    WEST,
    box,
    frame_of,
    random_points,
    real_frame,
)

INDEXES = {name: CommuneIndex.from_frame(frame) for name, frame in SETS.items()}


def by_sjoin(
    frame: geopandas.GeoDataFrame, x: NDArray[np.float64], y: NDArray[np.float64]
) -> list[str | None]:
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(x, y), crs=4326)
    joined = geopandas.sjoin(points, frame[["code", "geometry"]], predicate="within")
    lowest = joined["code"].groupby(level=0).min().to_dict()
    return [lowest.get(k) for k in range(len(x))]


def off_edges_equal(located: Locations, expected: list[str | None]) -> bool:
    off = located.how != EDGE
    return bool((located.code_array() == np.array(expected, dtype=object))[off].all())


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_agrees_with_sjoin_and_with_itself_one_by_one(name: str) -> None:
    frame, index = SETS[name], INDEXES[name]
    x, y = random_points(frame, 20_000)
    located = index.locate_many(x, y)
    assert off_edges_equal(located, by_sjoin(frame, x, y))
    assert {code for code in located.code_array() if code} == set(frame["code"])
    for k in range(0, len(x), 5):
        assert index.locate(x[k], y[k]) == located.location(k)


@pytest.mark.parametrize("name", SETS)
def test_agrees_with_shapely_one_by_one(name: str) -> None:
    frame = SETS[name].sort_values("code")
    for x, y in zip(*random_points(frame, 500, seed=2), strict=True):
        point = shapely.Point(x, y)
        holders = [c for c, g in zip(frame["code"], frame.geometry, strict=True) if g.covers(point)]
        place = INDEXES[name].locate(x, y)
        assert (place.code if place else None) == (holders[0] if holders else None)


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_every_vertex_and_midpoint_is_an_edge_of_the_lowest_code(name: str) -> None:
    frame = SETS[name].sort_values("code")
    rings = shapely.get_rings(shapely.get_parts(np.array(frame.geometry)))
    for ring in rings:
        xy = shapely.get_coordinates(ring)
        for x, y in np.concatenate([xy, (xy[1:] + xy[:-1]) / 2]):
            near = shapely.distance(np.array(frame.geometry), shapely.Point(x, y)) <= 1e-9
            lowest = frame[near].iloc[0]
            on_border = lowest.geometry.boundary.distance(shapely.Point(x, y)) <= 1e-9
            place = Location(lowest["code"], "edge" if on_border else "inside")
            assert INDEXES[name].locate(x, y) == place
            assert INDEXES[name].locate_many([x], [y]).location(0) == place


def test_a_hole_is_outside_and_an_island_is_inside() -> None:
    index = INDEXES["messy"]

    def code(east: float, north: float) -> str | None:
        place = index.locate(WEST + east * STEP, SOUTH + north * STEP)
        return place.code if place else None

    assert code(2.6, 2.6) is None  # the lake
    assert code(2.1, 2.1) == "00030"  # the island in it
    assert code(1.5, 1.5) == "00020"  # the enclave
    assert code(9.1, 0.1) == code(9.35, 0.33) == "318"
    assert code(9.25, 0.25) is None


@pytest.mark.parametrize("off", [-5e-10, 0.0, 5e-10])
def test_an_edge_along_the_sides_of_cells_is_an_edge_from_both(off: float) -> None:
    size = 0.002  # of the grid's cells, which begin one cell before the first vertex
    west, middle, east, north = WEST, WEST + 2 * size, WEST + 4 * size, SOUTH + 0.8 * size
    index = CommuneIndex.from_frame(
        frame_of(
            {
                "2": shapely.segmentize(shapely.box(west, SOUTH, middle, north), size / 4),
                "1": shapely.segmentize(shapely.box(middle, SOUTH, east, north), size / 4),
            }
        ),
        size,
    )
    for up in (0.0, 0.3, 0.5, 0.8):
        assert index.locate(middle + off, SOUTH + up * size) == Location("1", "edge")


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (np.nan, 21.0),
        (105.0, np.nan),
        (np.inf, 21.0),
        (105.0, -np.inf),
        (180.5, 21.0),
        (-254.2, 21.0),
        (105.0, 90.01),
    ],
)
def test_no_position_on_earth_is_refused_by_its_value(lon: float, lat: float) -> None:
    wrong = str(lat if abs(lon) <= 180 else lon)
    with pytest.raises(ValueError, match=wrong):
        INDEXES["lattice"].locate(lon, lat)
    with pytest.raises(ValueError, match=wrong):
        INDEXES["lattice"].locate_many([105.0, lon], [21.0, lat])


def test_wrong_accuracies_and_lengths_are_refused() -> None:
    index = INDEXES["lattice"]
    for accuracy in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"no accuracy: {accuracy}"):
            index.locate(105.8, 21.6, accuracy)
    with pytest.raises(ValueError, match="2 longitudes, 1 latitudes"):
        index.locate_many([105.8, 105.9], [21.6])
    with pytest.raises(ValueError, match="1 positions, 2 accuracies"):
        index.locate_many([105.8], [21.6], [1.0, 2.0])


def test_far_away_and_nothing_at_all() -> None:
    index = INDEXES["lattice"]
    assert index.locate(-180.0, 90.0) is None
    assert index.locate(180.0, -90.0, 2_000.0) is None
    assert len(index.locate_many([], [], []).commune) == 0
    assert index.locate_many([0.0], [0.0], [1e9]).location(0) is None


def test_wrong_frames_are_refused() -> None:
    square = box(0, 0, 1, 1)
    with pytest.raises(ValueError, match="code 1 comes twice"):
        CommuneIndex.from_frame(
            geopandas.GeoDataFrame({"code": ["1", "1"]}, geometry=[square] * 2, crs=4326)
        )
    with pytest.raises(ValueError, match="code 7 has no polygon"):
        CommuneIndex.from_frame(frame_of({"7": square.boundary}))
    with pytest.raises(ValueError, match="EPSG:4326"):
        CommuneIndex.from_frame(frame_of({"7": square}).to_crs(3405))
    with pytest.raises(ValueError, match="0 rows"):
        CommuneIndex.from_frame(frame_of({"7": square}).iloc[:0])


@pytest.mark.slow
@pytest.mark.real_boundaries
def test_real_polygons_agree_with_sjoin() -> None:
    frame = real_frame()
    index = CommuneIndex.from_frame(frame)
    x, y = random_points(frame, 20_000)
    located = index.locate_many(x, y)
    assert off_edges_equal(located, by_sjoin(frame, x, y))
    assert [index.locate(*p) for p in zip(x[:5_000], y[:5_000], strict=True)] == [
        located.location(k) for k in range(5_000)
    ]


@settings(max_examples=300)
@given(
    name=st.sampled_from(sorted(SETS)),
    vertex=st.integers(0, 10_000),
    away_m=st.floats(0, 260),
    bearing=st.floats(0, 2 * np.pi),
    accuracy_m=st.none() | st.floats(0, 260) | st.floats(0, 5_000),
    search_m=st.sampled_from([0.0, 200.0, 2_000.0]),
)
def test_one_position_and_many_have_the_same_answer(
    name: str,
    vertex: int,
    away_m: float,
    bearing: float,
    accuracy_m: float | None,
    search_m: float,
) -> None:
    """With border distance, edge and candidates; in plain Python for one, in arrays for many."""
    index = INDEXES[name]
    k = vertex % len(index.grid.x)
    x = float(index.grid.x[k]) + away_m * np.cos(bearing) / 102_000
    y = float(index.grid.y[k]) + away_m * np.sin(bearing) / 110_600
    accuracies = None if accuracy_m is None else [accuracy_m]
    many = index.locate_many([x], [y], accuracies, search_m=search_m)
    assert index.locate(x, y, accuracy_m, search_m=search_m) == many.location(0)
