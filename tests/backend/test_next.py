"""GET /api/v1/next: where a volunteer's phone should measure next."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import Range

from backend.campaigns.models import DeviceLink, Membership, Volunteer
from backend.coverage import next_place
from backend.coverage.spots import (
    ENOUGH_LEAST,
    SPOTS_MOST,
    cells_around,
    centre,
    lacking_spots,
)
from backend.devices.models import Device
from backend.extensions import db
from backend.measurements.models import Count, Measurement
from backend.units.models import Unit
from geo.fix import distance_m
from tests.conftest import Hands
from tests.factories import HERE, post, register, sample
from tests.people import LONG_AGO, campaign, organisation, person, team

URL = "/api/v1/next"
CELL_M = 550
CELLS = 6  # of the ward at HERE
ENOUGH = 50  # in each of them, of its target of 300
RURAL = {"latitude": 21.87, "longitude": 105.60}


@pytest.fixture(autouse=True)
def fresh(app: Flask) -> Iterator[None]:
    """Plans that a process keeps are of this test's tables alone."""
    app.extensions.pop("recent_plans", None)
    yield
    app.extensions.pop("recent_plans", None)


def ask(client: FlaskClient, headers: Any, **query: Any) -> Any:
    answer = client.get(URL, headers=headers, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def commune(app: Flask, client: FlaskClient) -> Unit:
    """The commune at HERE."""
    code = client.get("/api/v1/units/locate", query_string=HERE | {"at": "2024-11-20T12:00:00Z"})
    with app.app_context():
        query = select(Unit).where(Unit.system == "2024", Unit.level == "commune")
        return db.session.scalars(query.where(Unit.code == code.json["unit"]["code"])).one()


def measured(
    app: Flask, unit: Unit, latitude: float, longitude: float, n: int = 1, **changes: Any
) -> None:
    """So many counted samples of somebody at one place."""
    row = {
        "network": "mobile", "kind": "mobile", "source": "app", "status": "finished",
        "day": date(2024, 11, 15), "unit_id": unit.id, "latitude": latitude,
        "longitude": longitude, "valid": True, "counted": True, "rules": 1,
        "own_reasons": [], "reasons": [], "marks": [], "device_id": uuid.uuid4(),
        **changes,
    }  # fmt: skip
    with app.app_context():
        db.session.add_all([Measurement(id=uuid.uuid4(), **row) for _ in range(n)])
        db.session.commit()


def device_id(app: Flask) -> UUID:
    with app.app_context():
        return db.session.scalars(select(Device.id).order_by(Device.registered_at.desc())).first()  # type: ignore[return-value]


def joined(app: Flask, campaign_id: int, team_id: int, until: datetime | None = None) -> None:
    """The only device's volunteer is in a team."""
    device = device_id(app)
    with app.app_context():
        volunteer = Volunteer()
        db.session.add(volunteer)
        db.session.flush()
        period = Range(LONG_AGO, until)
        db.session.add(DeviceLink(device_id=device, volunteer_id=volunteer.id, period=period))
        db.session.add(
            Membership(
                volunteer_id=volunteer.id, campaign_id=campaign_id, team_id=team_id, period=period
            )
        )
        db.session.commit()


# With a position


def test_the_nearest_spots_where_nobody_measured(app: Flask, client: FlaskClient) -> None:
    told = ask(client, register(client), **HERE)
    unit = commune(app, client)
    assert told["unit"]["code"] == unit.code and told["unit"]["name"] == unit.name
    figures = (told["unit"]["counted"], told["unit"]["target"], told["unit"]["shortfall"])
    assert figures == (0, 300, 300)
    assert told["boundaries"] == {"set": "approximate-2024", "quality": "approximate"}
    assert told["note"] is None and told["assignments"] == []
    spots = told["spots"]
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
        there = client.get("/api/v1/units/locate", query_string=where | at).json
        assert there["unit"]["code"] == unit.code  # all of them lie in the commune


def test_a_cell_has_none_few_or_enough(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    first, second, *_ = ask(client, headers, **HERE)["spots"]
    measured(app, unit, first["latitude"], first["longitude"], ENOUGH - 1)
    measured(app, unit, second["latitude"], second["longitude"], ENOUGH)
    spots = ask(client, headers, **HERE)["spots"]
    assert spots[0] == first | {"samples": "few"}
    places = [(spot["latitude"], spot["longitude"]) for spot in spots]
    assert (second["latitude"], second["longitude"]) not in places
    assert len(spots) == CELLS - 1


def test_a_phone_is_told_the_nearest_of_a_large_commune(client: FlaskClient) -> None:
    spots = ask(client, register(client), **RURAL)["spots"]
    assert len(spots) == SPOTS_MOST
    assert spots[-1]["distance_m"] < 4 * CELL_M


@pytest.mark.parametrize(
    "changes",
    [
        {"counted": False},
        {"network": "fixed"},
        {"day": date(2024, 10, 31)},
        {"latitude": None, "longitude": None},  # stripped: its person withdrew
        {"day": date(2024, 11, 20)},  # of today, by somebody else: not yet
    ],
)
def test_what_does_not_show(app: Flask, client: FlaskClient, changes: dict[str, Any]) -> None:
    headers, unit = register(client), commune(app, client)
    before = ask(client, headers, **HERE)
    spot = before["spots"][0]
    position = {"latitude": spot["latitude"], "longitude": spot["longitude"]}
    measured(app, unit, **{**position, "n": ENOUGH, **changes})
    assert ask(client, headers, **HERE) == before


def test_ones_own_of_today_show_and_others_of_today_do_not(
    app: Flask, client: FlaskClient, clock: Hands
) -> None:
    headers, unit = register(client), commune(app, client)
    spot = ask(client, headers, **HERE)["spots"][0]
    own = {"device_id": device_id(app), "day": date(2024, 11, 20)}
    measured(app, unit, spot["latitude"], spot["longitude"], **own)
    assert ask(client, headers, **HERE)["spots"][0] == spot | {"samples": "few"}
    other = register(client)
    assert ask(client, other, **HERE)["spots"][0] == spot
    clock.now += timedelta(days=1)
    assert ask(client, other, **HERE)["spots"][0] == spot | {"samples": "few"}


def test_nothing_of_a_person_is_told(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    measured(app, unit, 21.59431, 105.84827, ENOUGH - 1)
    answer = client.get(URL, headers=headers, query_string=HERE)
    assert set(answer.json["spots"][0]) == {"latitude", "longitude", "distance_m", "samples"}
    assert "21.59431" not in answer.text and "105.84827" not in answer.text
    cells = {centre(cell) for cell in cells_around(**HERE)}
    assert {(s["latitude"], s["longitude"]) for s in answer.json["spots"]} <= cells


def test_a_reached_commune_needs_nobody(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    row = {"month": "2024-11", "unit_id": unit.id, "network": "mobile", "fate": "counted"}
    with app.app_context():
        db.session.add(Count(**row, day=None, n=299))
        db.session.commit()
    assert ask(client, headers, **HERE)["unit"]["shortfall"] == 1
    with app.app_context():
        db.session.execute(update(Count).values(n=300))
        db.session.commit()
    told = ask(client, headers, **HERE)
    assert (told["unit"]["shortfall"], told["spots"]) == (0, [])
    assert told["note"]["code"] == "target_reached_here" and "Cảm ơn" in told["note"]["message"]


def test_where_there_is_no_target_spots_are_told_all_the_same(
    app: Flask, client: FlaskClient
) -> None:
    told = ask(client, register(client), **HERE, network="fixed")
    assert told["unit"]["target"] is None and told["unit"]["shortfall"] is None
    assert len(told["spots"]) == CELLS


def test_out_at_sea(client: FlaskClient) -> None:
    told = ask(client, register(client), latitude=12.0, longitude=112.9)
    assert told["unit"] is None and told["spots"] == []
    assert told["note"]["code"] == "outside_every_commune"


def test_samples_looked_at_are_bounded(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, unit = register(client), commune(app, client)
    spot = ask(client, headers, **HERE)["spots"][0]
    measured(app, unit, spot["latitude"], spot["longitude"], ENOUGH)
    measured(app, unit, spot["latitude"], spot["longitude"], day=date(2024, 11, 16))
    monkeypatch.setattr(next_place, "SAMPLES_MOST", 1)
    assert ask(client, headers, **HERE)["spots"][0] == spot | {"samples": "few"}


# Without a position


def test_the_team_is_told_where_it_goes(app: Flask, client: FlaskClient, clock: Hands) -> None:
    headers, unit = register(client), commune(app, client)
    run_by = organisation(app)
    running = campaign(app, run_by, unit.id)
    mine = team(app, run_by, "Đội 1", home_unit_id=unit.id, capacity_per_day=15)
    team(app, run_by, "Đội 2", home_unit_id=unit.id, capacity_per_day=15)
    joined(app, running, mine, until=datetime(2024, 11, 20, 13, tzinfo=UTC))
    told = ask(client, headers)
    assert told["unit"] is None and told["spots"] == [] and told["note"] is None
    [assignment] = told["assignments"]
    assert assignment["campaign"]["id"] == running
    assert assignment["team"] == {"id": mine, "name": "Đội 1"}
    [item] = assignment["items"]
    assert (item["unit"]["code"], item["samples"], item["why"]) == (unit.code, 15, "reaches")
    pin = {"team_id": mine, "unit": unit.code, "date": "2024-11-20", "samples": 4}
    organiser = person(app, "organiser", run_by)
    url = f"/api/v1/campaigns/{running}/plan/pins"
    assert client.put(url, json=pin, headers=organiser).status_code == 201
    items = ask(client, headers)["assignments"][0]["items"]  # seen at once
    assert [(i["samples"], i["pinned"]) for i in items] == [(4, True), (11, False)]
    clock.now += timedelta(hours=2)  # the membership has ended
    assert client.get(URL, headers=headers).json["errors"][0]["code"] == "position_needed"


def test_a_plan_is_kept_for_minutes(app: Flask, client: FlaskClient, clock: Hands) -> None:
    headers, unit = register(client), commune(app, client)
    run_by = organisation(app)
    running = campaign(app, run_by, unit.id)
    mine = team(app, run_by, home_unit_id=unit.id, capacity_per_day=15)
    joined(app, running, mine)
    row = {"month": "2024-11", "unit_id": unit.id, "network": "mobile", "fate": "counted"}
    assert ask(client, headers)["assignments"][0]["items"][0]["shortfall"] == 300
    with app.app_context():
        db.session.add(Count(**row, day=None, n=300))
        db.session.commit()
    assert ask(client, headers)["assignments"][0]["items"][0]["shortfall"] == 300
    clock.now += timedelta(minutes=5)
    told = ask(client, headers)
    assert told["assignments"][0]["items"] == [] and told["note"]["code"] == "nothing_planned"


def test_a_member_gets_spots_where_they_stand(app: Flask, client: FlaskClient) -> None:
    headers, unit = register(client), commune(app, client)
    run_by = organisation(app)
    running = campaign(app, run_by, unit.id)
    joined(app, running, team(app, run_by, home_unit_id=unit.id))
    told = ask(client, headers, **HERE)
    assert told["assignments"] == [] and len(told["spots"]) == CELLS


def test_in_no_team_the_last_commune_counts(app: Flask, client: FlaskClient) -> None:
    headers = register(client)
    assert client.get(URL, headers=headers).status_code == 422
    post(client, headers, sample("2024-11-19T09:00:00+07:00"))
    unit = commune(app, client)
    told = ask(client, headers)
    assert told["unit"]["code"] == unit.code
    assert (told["unit"]["counted"], told["unit"]["shortfall"]) == (1, 299)
    assert len(told["spots"]) == CELLS
    other = register(client)
    assert client.get(URL, headers=other).status_code == 422  # it is another's last commune


def test_a_commune_that_ended_is_nobodys(app: Flask, client: FlaskClient, clock: Hands) -> None:
    headers = register(client)
    post(client, headers, sample("2024-11-19T09:00:00+07:00"))
    clock.now = datetime(2025, 8, 1, tzinfo=UTC)
    answer = client.get(URL, headers=headers)
    assert answer.json["errors"][0]["code"] == "position_needed"


# Bad questions


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("latitude=21.5", "longitude", "both_or_neither"),
        ("longitude=105.8", "latitude", "both_or_neither"),
        ("latitude=x&longitude=105.8", "latitude", "not_number"),
        ("latitude=nan&longitude=105.8", "latitude", "not_number"),
        ("latitude=91&longitude=105.8", "latitude", "out_of_range"),
        ("network=satellite", "network", "not_one_of"),
    ],
)
def test_bad_questions(client: FlaskClient, query: str, field: str, code: str) -> None:
    answer = client.get(f"{URL}?{query}", headers=register(client))
    assert answer.status_code == 422
    assert [(e["field"], e["code"]) for e in answer.json["errors"]] == [(field, code)]


def test_only_for_devices(app: Flask, client: FlaskClient) -> None:
    assert client.get(URL).status_code == 401
    assert client.get(URL, headers=person(app, "admin")).status_code == 401


# The pure rule


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
    spots = lacking_spots(lat, lon, [(-1, 0), (0, 0)], {(-1, 0): 1}, None)
    assert [spot.samples for spot in spots] == ["none", "few"]


@pytest.mark.parametrize(
    ("target", "cells", "enough"), [(300, 400, 5), (300, 6, 50), (301, 6, 51), (None, 6, 5)]
)
def test_enough_is_an_even_share_of_the_target(target: int | None, cells: int, enough: int) -> None:
    assert ENOUGH_LEAST == 5
    some = [(0, number) for number in range(cells)]
    for n, told in ((enough, cells - 1), (enough - 1, cells)):
        spots = lacking_spots(0.0, 0.0, some, {some[0]: n}, target)
        assert len(spots) == min(told, SPOTS_MOST)
        assert ((0.00225, 0.0024) in {(s.latitude, s.longitude) for s in spots}) == (n < enough)
