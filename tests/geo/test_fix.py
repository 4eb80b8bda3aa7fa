"""Plausible positions and distances."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.fix import COARSE_ACCURACY_M, distance_m, position_problem

THAI_NGUYEN = (21.5942, 105.8482)
latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


def test_a_good_position_has_no_problem() -> None:
    assert position_problem(*THAI_NGUYEN, 12.0) is None
    assert position_problem(*THAI_NGUYEN, 0.0) is None


@pytest.mark.parametrize(
    "position",
    [
        (None, 105.8, 12.0),
        (21.5, None, 12.0),
        (21.5, 105.8, None),
        (21.5, 105.8, -1.0),
        (21.5, 105.8, math.nan),
        (math.nan, 105.8, 12.0),
        (21.5, math.nan, 12.0),
        (None, None, None),
    ],
)
def test_a_position_without_a_part_is_missing(
    position: tuple[float | None, float | None, float | None],
) -> None:
    assert position_problem(*position) == "position_missing"


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (0.0, 0.0),
        (-0.0, 1e-7),
        (37.785834, -122.406417),
        (37.7859, -122.4064),
        (37.4219983, -122.084),
        (37.42199, -122.08399),
    ],
)
def test_defaults_of_phones_and_emulators(latitude: float, longitude: float) -> None:
    assert position_problem(latitude, longitude, 5.0) == "position_default"
    assert position_problem(latitude, longitude, 5_000.0) == "position_default"


@pytest.mark.parametrize(("latitude", "longitude"), [(0.0, 105.0), (37.7877, -122.4064), (10, 0)])
def test_near_a_default_is_no_default(latitude: float, longitude: float) -> None:
    assert position_problem(latitude, longitude, 5.0) is None


def test_coarse_begins_above_the_limit() -> None:
    assert position_problem(*THAI_NGUYEN, COARSE_ACCURACY_M) is None
    assert position_problem(*THAI_NGUYEN, 2_000.1) == "position_coarse"
    assert position_problem(*THAI_NGUYEN, math.inf) == "position_coarse"


def test_known_distance() -> None:
    hanoi, saigon = (105.8542, 21.0285), (106.6297, 10.8231)
    assert distance_m(*hanoi, *saigon) == pytest.approx(1_138_000, rel=0.005)
    assert distance_m(0, 0, 0, 1) == pytest.approx(111_195, abs=1)
    assert distance_m(0, 0, 180, 0) == pytest.approx(math.pi * 6_371_008.8)


@given(longitudes, latitudes, longitudes, latitudes)
def test_distance_is_symmetric_and_never_negative(
    lon1: float, lat1: float, lon2: float, lat2: float
) -> None:
    there, back = distance_m(lon1, lat1, lon2, lat2), distance_m(lon2, lat2, lon1, lat1)
    assert there == pytest.approx(back, rel=1e-9, abs=1e-6)
    assert 0 <= there <= math.pi * 6_371_009
    assert distance_m(lon1, lat1, lon1, lat1) == 0


@given(latitudes | st.none(), longitudes | st.none(), st.floats() | st.none())
def test_every_input_has_an_answer(
    latitude: float | None, longitude: float | None, accuracy_m: float | None
) -> None:
    known = {None, "position_missing", "position_default", "position_coarse"}
    assert position_problem(latitude, longitude, accuracy_m) in known
