"""GET /api/v1/next with a position: where nobody measured near a phone."""

import uuid
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.coverage.plan.next_place import MAX_SPOTS, cells_around, centre, plan_lock
from backend.database.extensions import db
from backend.devices.models import Device
from backend.measurements.recording.models import Measurement
from backend.units.models import Unit
from geo.fix import distance_m
from tests.support.clock import FakeClock
from tests.support.daily_counts import add_counts
from tests.support.factories import HERE, register
from tests.support.next_spots import CELLS, URL, ask, commune
from tests.support.problems import wrong_fields

CELL_M = 550
ENOUGH = 50  # in each cell of the ward at HERE, of its target of 300
RURAL = {"latitude": 21.87, "longitude": 105.60}


def measured(
    app: Flask, unit: Unit, latitude: float, longitude: float, n: int = 1, **changes: Any
) -> None:
    """So many counted samples of somebody at one place."""
    row = {
        "network": "mobile", "kind": "mobile", "source": "app", "status": "finished",
        "day": date(2024, 11, 15), "unit_id": unit.id, "latitude": latitude,
        "longitude": longitude, "valid": True, "counted": True, "rules": 3,
        "own_reasons": [], "reasons": [], "marks": [], "device_id": uuid.uuid4(),
        **changes,
    }  # fmt: skip
    with app.app_context():
        db.session.add_all([Measurement(id=uuid.uuid4(), **row) for _ in range(n)])
        db.session.commit()


def device_id(app: Flask) -> UUID:
    with app.app_context():
        return db.session.scalars(select(Device.id).order_by(Device.registered_at.desc())).first()  # type: ignore[return-value]


def test_the_nearest_spots_where_nobody_measured(app: Flask, client: FlaskClient) -> None:
    found = ask(client, register(client), **HERE)
    unit = commune(app, client)
    assert found["unit"]["code"] == unit.code and found["unit"]["name"] == unit.name
    figures = (found["unit"]["counted"], found["unit"]["target"], found["unit"]["shortfall"])
    assert figures == (0, 300, 300)
    assert found["boundaries"] == {"set": "approximate-2024", "quality": "approximate"}
    assert found["note"] is None and found["assignments"] == []
    spots = found["spots"]
    assert len(spots) == CELLS
    assert {spot["samples"] for spot in spots} == {"none"}
    far = [spot["distance_m"] for spot in spots]
    assert far == sorted(far) and far[0] < CELL_M
    for spot in spots:
        metres = distance_m(
            HERE["longitude"], HERE["latitude"], spot["longitude"], spot["latitude"]
        )
        assert spot["distance_m"] == round(metres)
        where = {"latitude": spot["latitude"], "longitude": spot["longitude"]}
        at = {"at": "2024-11-20T12:00:00Z"}
        there = client.post("/api/v1/units/locate", json=where | at).json
        assert there["unit"]["code"] == unit.code  # all of them lie in the commune


def test_a_cell_has_none_few_or_enough(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    first, second, *_ = ask(client, headers, **HERE)["spots"]
    own = {"device_id": device_id(app)}
    measured(app, unit, first["latitude"], first["longitude"], ENOUGH - 1, **own)
    measured(app, unit, second["latitude"], second["longitude"], ENOUGH, **own)
    spots = ask(client, headers, **HERE)["spots"]
    assert spots[0] == first | {"samples": "few"}
    places = [(spot["latitude"], spot["longitude"]) for spot in spots]
    assert (second["latitude"], second["longitude"]) not in places
    assert len(spots) == CELLS - 1


def test_a_phone_is_told_the_nearest_of_a_large_commune(client: FlaskClient) -> None:
    spots = ask(client, register(client), **RURAL)["spots"]
    assert len(spots) == MAX_SPOTS
    assert spots[-1]["distance_m"] < 4 * CELL_M


@pytest.mark.parametrize(
    "changes",
    [
        {"counted": False},
        {"network": "fixed"},
        {"day": date(2024, 10, 31)},
        {"latitude": None, "longitude": None},  # stripped: its person withdrew
        {"device_id": uuid.uuid4()},  # another phone's
    ],
)
def test_what_does_not_show(app: Flask, client: FlaskClient, changes: dict[str, Any]) -> None:
    headers, unit = register(client), commune(app, client)
    before = ask(client, headers, **HERE)
    spot = before["spots"][0]
    position = {"latitude": spot["latitude"], "longitude": spot["longitude"]}
    measured(app, unit, **{**position, "n": ENOUGH, "device_id": device_id(app), **changes})
    assert ask(client, headers, **HERE) == before


def test_own_samples_show_and_those_of_others_never_do(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers, unit = register(client), commune(app, client)
    spot = ask(client, headers, **HERE)["spots"][0]
    own = {"device_id": device_id(app), "day": date(2024, 11, 20)}
    measured(app, unit, spot["latitude"], spot["longitude"], **own)
    assert ask(client, headers, **HERE)["spots"][0] == spot | {"samples": "few"}
    other = register(client)
    assert ask(client, other, **HERE)["spots"][0] == spot
    clock.now += timedelta(days=1)
    assert ask(client, other, **HERE)["spots"][0] == spot


def test_nothing_of_a_person_is_told(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    measured(app, unit, 21.59431, 105.84827, ENOUGH - 1, device_id=device_id(app))
    answer = client.get(URL, headers=headers, query_string=HERE)
    assert set(answer.json["spots"][0]) == {"latitude", "longitude", "distance_m", "samples"}
    assert "21.59431" not in answer.text and "105.84827" not in answer.text
    cells = {centre(cell) for cell in cells_around(**HERE)}
    assert {(s["latitude"], s["longitude"]) for s in answer.json["spots"]} <= cells


def test_a_reached_commune_needs_nobody(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    row = {"unit_id": unit.id, "day": date(2024, 11, 1), "network": "mobile"}
    with app.app_context():
        add_counts([{**row, "category": "counted", "n": 299}])
        db.session.commit()
    assert ask(client, headers, **HERE)["unit"]["shortfall"] == 1
    with app.app_context():
        add_counts([{**row, "category": "counted", "n": 1}])
        db.session.commit()
    found = ask(client, headers, **HERE)
    assert (found["unit"]["shortfall"], found["spots"]) == (0, [])
    assert found["note"]["code"] == "target_reached_here" and "Cảm ơn" in found["note"]["message"]


def test_where_there_is_no_target_spots_are_told_all_the_same(
    app: Flask, client: FlaskClient
) -> None:
    found = ask(client, register(client), **HERE, network="fixed")
    assert found["unit"]["target"] is None and found["unit"]["shortfall"] is None
    assert len(found["spots"]) == CELLS


def test_out_at_sea(client: FlaskClient) -> None:
    found = ask(client, register(client), latitude=12.0, longitude=112.9)
    assert found["unit"] is None and found["spots"] == []
    assert found["note"]["code"] == "outside_every_commune"


# Bad questions


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("latitude=21.5", "longitude", "both_or_neither"),
        ("longitude=105.8", "latitude", "both_or_neither"),
    ],
)
def test_bad_questions(client: FlaskClient, query: str, field: str, code: str) -> None:
    answer = client.get(f"{URL}?{query}", headers=register(client))
    assert wrong_fields(answer) == [(field, code)]


def test_phones_of_another_campaign_do_not_wait_for_a_plan() -> None:
    with plan_lock(1, "mobile") as made:
        assert made
        assert not plan_lock(1, "mobile").acquire(blocking=False)
        for other in ((2, "mobile"), (1, "fixed")):
            lock = plan_lock(*other)
            assert lock.acquire(blocking=False)
            lock.release()
