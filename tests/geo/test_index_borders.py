"""Border distance, candidates and snapping: against plain geometry."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.index import CommuneIndex, Location
from geo.lookup import metres_per_degree
from tests.support.geo_coverages import (
    SETS,
    SOUTH,
    STEP,
    WEST,
    box,
    brute_distances,
    frame_of,
    random_points,
    real_frame,
)

INDEXES = {name: CommuneIndex.from_frame(frame) for name, frame in SETS.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("search_m", [0.0, 200.0, 2_000.0])
def test_distances_candidates_and_snapping_against_plain_geometry(
    name: str, search_m: float
) -> None:
    frame = SETS[name].sort_values("code").reset_index(drop=True)
    x, y = random_points(frame, 300, seed=4)
    accuracies = np.random.default_rng(5).lognormal(4, 1.5, len(x)).clip(0, 1_999)
    located = INDEXES[name].locate_many(x, y, accuracies, search_m=search_m)
    for k, accuracy in enumerate(accuracies.tolist()):
        distances = brute_distances(frame, x[k], y[k])
        inside = np.array(frame.geometry.covers(shapely.Point(x[k], y[k])))
        zone = np.where(inside, 0.0, distances)
        place = located.location(k)
        assert place == INDEXES[name].locate(x[k], y[k], accuracy, search_m=search_m)
        if place is None:
            assert zone.min() > min(accuracy, 200.0)
            continue
        own = int(zone.argmin())
        assert (place.code, place.how) == (
            frame["code"][own],
            "inside" if inside[own] else "snapped",
        )
        others = (zone <= accuracy) & (np.arange(len(zone)) != own)
        assert place.candidates == tuple(frame["code"][others])
        assert place.ambiguous == bool(others.any())
        limit = max(accuracy, search_m) if inside[own] else accuracy
        expected = distances[own] if distances[own] <= limit else np.inf
        assert place.border_distance_m == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("metres", "accuracy", "snapped"),
    [(199, 500, True), (201, 500, False), (199, 150, False), (5, 5.1, True), (5, None, False)],
)
def test_snapping_within_accuracy_and_200_m(
    metres: float, accuracy: float | None, snapped: bool
) -> None:
    index = CommuneIndex.from_frame(frame_of({"2": box(0, 0, 1, 1), "1": box(0, 1, 1, 2)}))
    y = SOUTH + STEP / 4
    scale_x = float(metres_per_degree(np.array([y]))[0][0])
    place = index.locate(WEST + STEP + metres / scale_x, y, accuracy)
    if not snapped:
        assert place is None
        return
    assert place is not None
    assert (place.code, place.how) == ("2", "snapped")
    assert place.border_distance_m == pytest.approx(metres, abs=1e-4)


def test_an_equally_near_commune_loses_to_the_lower_code() -> None:
    index = CommuneIndex.from_frame(frame_of({"2": box(0, 0, 1, 1), "1": box(0, 1, 1, 2)}))
    place = index.locate(WEST + STEP * 1.01, SOUTH + STEP, 150.0)
    assert place is not None
    assert (place.code, place.how, place.candidates) == ("1", "snapped", ("2",))


def test_a_shared_corner_is_equally_near_from_everywhere() -> None:
    corner, inner = (WEST + STEP, SOUTH + STEP * 1.1), (WEST, SOUTH + STEP * 0.9)
    lower = shapely.Polygon([inner, corner, (WEST, SOUTH)])
    upper = shapely.Polygon([inner, (WEST, SOUTH + 2 * STEP), corner])
    index = CommuneIndex.from_frame(frame_of({"2": lower, "1": upper}))
    random = np.random.default_rng(7)
    x = corner[0] + random.uniform(1e-4, 1e-3, 500)
    y = corner[1] + random.uniform(-1e-5, 1e-5, 500)
    located = index.locate_many(x, y, np.full(500, 150.0))
    assert set(located.code_array()) == {"1"}


def test_candidates_are_those_within_the_circle() -> None:
    frame = frame_of({"3": box(0, 0, 1, 1), "1": box(1, 0, 2, 1), "2": box(0, 1, 1, 2)})
    index = CommuneIndex.from_frame(frame)
    x, y = WEST + STEP * 0.9, SOUTH + STEP * 0.8  # 81 m from 1, 173 m from 2
    found = [index.locate(x, y, accuracy) for accuracy in (50.0, 100.0, 180.0)]
    assert [place and place.candidates for place in found] == [(), ("1",), ("1", "2")]
    assert [place and place.ambiguous for place in found] == [False, True, True]
    assert {place and place.code for place in found} == {"3"}


@settings(max_examples=40)
@given(
    shift=st.integers(-1_024 * 280, 1_024 * 70),
    seed=st.integers(0, 1_000),
    cell=st.sampled_from([0.0007, 0.002, 0.01]),
)
def test_moving_everything_along_a_parallel_changes_nothing(
    shift: int, seed: int, cell: float
) -> None:
    frame = SETS["lattice"]
    x, y = (np.round(v * 2**30) / 2**30 for v in random_points(frame, 50, seed))
    moved = frame.set_geometry(frame.geometry.translate(shift / 1_024, 0))
    accuracies = np.full(50, 120.0)
    before = INDEXES["lattice"].locate_many(x, y, accuracies)
    after = CommuneIndex.from_frame(moved, cell).locate_many(x + shift / 1_024, y, accuracies)
    for k in range(50):
        assert before.location(k) == after.location(k)


def test_an_overlap_belongs_to_the_lowest_code_and_the_other_is_a_candidate() -> None:
    x, y = WEST + 5.5 * STEP, SOUTH + 5.5 * STEP
    assert INDEXES["messy"].locate(x, y) == Location("00010", "inside")
    place = INDEXES["messy"].locate(x, y, 1.0)
    assert place is not None
    assert (place.code, place.ambiguous, place.candidates) == ("00010", True, ("00040",))


@pytest.mark.slow
@pytest.mark.real_boundaries
def test_real_polygons_agree_with_shapely_on_vertices_and_distances() -> None:
    frame = real_frame()
    index = CommuneIndex.from_frame(frame)
    xy, ring = shapely.get_coordinates(np.array(frame.geometry), return_index=True)
    k = np.random.default_rng(6).choice(np.flatnonzero(ring[1:] == ring[:-1]), 300)
    tree = shapely.STRtree(np.array(frame.geometry))
    for x, y in np.concatenate([xy[k], (xy[k] + xy[k + 1]) / 2]):
        point = shapely.Point(x, y)
        near = tree.query(point, predicate="dwithin", distance=1e-9)
        place = index.locate(x, y, 150.0)
        assert place is not None
        if len(near):
            assert place.code == frame["code"][int(near.min())]
        around = tree.query(shapely.box(x - 0.01, y - 0.01, x + 0.01, y + 0.01))
        around.sort()
        part = frame.iloc[around]
        distances = np.array(brute_distances(part, x, y))
        zone = np.where(part.geometry.covers(point), 0.0, distances)
        clear = np.abs(zone - 150) > 1e-6
        expected = set(part["code"][clear & (zone <= 150)])
        assert expected <= {place.code, *place.candidates}
        own = float(distances[np.array(part["code"] == place.code)][0])
        assert place.border_distance_m == pytest.approx(own, abs=1e-4)
