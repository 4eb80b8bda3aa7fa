"""Spots where nobody measured: the pure rule."""

import pytest
from flask.testing import FlaskClient

from backend.coverage.plan.next_place import (
    MAX_SPOTS,
    MIN_ENOUGH,
    cells_around,
    centre,
    lacking_spots,
)
from geo.fix import distance_m
from tests.support.factories import HERE, register
from tests.support.next_spots import ask


def test_cells_are_of_about_500_m_everywhere() -> None:
    for latitude in (8.6, 16.0, 23.3):
        one, *_ = cells_around(latitude, 105.0)
        (lat, lon), (north, _), (_, east) = (
            centre(cell) for cell in (one, (one[0] + 1, one[1]), (one[0], one[1] + 1))
        )
        assert 480 < distance_m(lon, lat, lon, north) < 530
        assert 480 < distance_m(lon, lat, east, lat) < 530


def test_of_equally_near_cells_the_empty_one_comes_first() -> None:
    lat, lon = (0.0, 0.0024)  # in the middle between two cells
    spots = lacking_spots(lat, lon, [(-1, 0), (0, 0)], {(-1, 0): 1}, (), None)
    assert [spot.samples for spot in spots] == ["none", "few"]


def test_a_released_cell_is_few_and_lacks_own_samples() -> None:
    cells = [(0, 0), (0, 1)]
    spots = lacking_spots(0.0, 0.0, cells, {}, {(0, 0)}, None)
    assert [spot.samples for spot in spots] == ["few", "none"]


@pytest.mark.parametrize(
    ("target", "cells", "enough"), [(300, 400, 5), (300, 6, 50), (301, 6, 51), (None, 6, 5)]
)
def test_enough_is_an_even_share_of_the_target(target: int | None, cells: int, enough: int) -> None:
    assert MIN_ENOUGH == 5
    some = [(0, number) for number in range(cells)]
    for n, answer in ((enough, cells - 1), (enough - 1, cells)):
        spots = lacking_spots(0.0, 0.0, some, {some[0]: n}, (), target)
        assert len(spots) == min(answer, MAX_SPOTS)
        assert ((0.00225, 0.0024) in {(s.latitude, s.longitude) for s in spots}) == (n < enough)


# Nearby communes


def test_neighbours_have_counts_and_say_whether_they_are_within_reach(client: FlaskClient) -> None:
    headers = register(client)
    walk, ride = (ask(client, headers, **HERE, radius_m=metres) for metres in (2_000, 15_000))
    assert walk["unit"]["code"] not in {one["code"] for one in walk["nearby"]}
    far = [one["distance_m"] for one in ride["nearby"]]
    assert far and far == sorted(far)
    assert all(one["within"] for one in ride["nearby"])
    assert [one["within"] for one in walk["nearby"]] == [
        one["distance_m"] <= 2_000 for one in walk["nearby"]
    ]
    assert {(one["target"], one["shortfall"]) for one in ride["nearby"]} == {(300, 300)}
    assert ride["demo"] is False


def test_no_spot_lies_beyond_the_radius(client: FlaskClient) -> None:
    headers = register(client)
    spots = ask(client, headers, **HERE, radius_m=500)["spots"]
    assert all(one["distance_m"] <= 500 for one in spots)
    assert len(spots) < len(ask(client, headers, **HERE)["spots"])
