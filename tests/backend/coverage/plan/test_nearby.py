"""Communes around a phone: the nearest first, within the radius that its user chooses."""

from flask.testing import FlaskClient

from tests.support.factories import HERE, register
from tests.support.next_spots import ask


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
