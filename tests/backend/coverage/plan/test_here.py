"""GET /api/v1/next with an accuracy: whether a test would count here, before it is made."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.coverage.plan import views
from backend.database.extensions import db
from backend.devices.service import authenticate
from backend.measurements.recording import rules, timeline
from backend.measurements.recording.preview import preview
from backend.measurements.recording.service import recording_context
from backend.units.models import Unit
from geo.fix import distance_m
from tests.support.clock import FakeClock
from tests.support.factories import HERE, post, register, sample
from tests.support.joining import Cast, join
from tests.support.next_spots import URL, ask, commune

WALKS = 500
START = datetime(2024, 11, 28, 3, tzinfo=UTC)  # two days before the last one of a month
METRES = 1 / 111_195  # in degrees
CARRIERS = {"Viettel": "04", "MobiFone": "01", "VinaPhone": "02"}
# At few spots and of few operators, so that samples meet; two of them are far away.
NORTH_M = [0] * 4 + [40, 90, 110, 160] * 3 + [1_000, 3_000, 40_000, -400_000, 800_000]
ACCURACIES_M = [4.0] * 3 + [12.0] * 5 + [140.0, 1_900.0, 3_500.0]
OPERATORS = [None, "của làng", "MobiFone", "VinaPhone", *["Viettel"] * 8]


def somewhere(choice: random.Random) -> dict[str, Any]:
    """The query of a phone."""
    fixed = choice.random() < 0.15
    return {
        "latitude": HERE["latitude"] + choice.choice(NORTH_M) * METRES,
        "longitude": HERE["longitude"],
        "accuracy_m": choice.choice(ACCURACIES_M),
        "network": "fixed" if fixed else "mobile",
        "operator": choice.choice([None, "VNPT"] if fixed else OPERATORS),
    }


def sample_at(query: dict[str, Any], at: datetime, **changes: Any) -> dict[str, Any]:
    """The sample of a test at the place of a query; half of the phones see their network's code."""
    kind = "wifi" if query["network"] == "fixed" else "mobile"
    position = {name: query[name] for name in ("latitude", "longitude", "accuracy_m")}
    network = {"kind": kind, "operator": query["operator"]}
    if query["operator"] in CARRIERS and at.second % 2:
        network = {"kind": kind, "mcc": "452", "mnc": CARRIERS[query["operator"]]}
    isp = query["operator"] if kind == "wifi" else None
    return sample(at.isoformat(), network=network, location=position, isp=isp, **changes)


def walk(client: FlaskClient, clock: FakeClock, choice: random.Random) -> dict[str, str]:
    """Measure on one day or more; return the headers of a phone, often still near by."""
    began = clock.now = START + timedelta(minutes=choice.randrange(2_880))
    headers, hours = register(client), choice.choice([1, 1, 5, 60])
    seconds = sorted(choice.sample(range(hours * 3_600), choice.randrange(11)))
    tests = [
        sample_at(
            somewhere(choice), began + timedelta(seconds=second),
            status=choice.choice(["finished"] * 9 + ["failed"]),
        )
        for second in seconds
    ]  # fmt: skip
    clock.now += timedelta(hours=hours, seconds=choice.choice([3, 60, 9_000, 14_400]))
    if tests:
        post(client, headers, *tests)
    if choice.random() < 0.05:  # the person takes part again: nothing is known of the phone
        assert client.delete("/api/v1/devices/me", headers=headers).status_code < 300
        headers = register(client)
    return headers


def is_within_a_circle(here: dict[str, Any], query: dict[str, Any]) -> bool:
    at = query["longitude"], query["latitude"]
    return any(
        distance_m(*at, one["longitude"], one["latitude"]) <= one["radius_m"]
        for one in here["circles"]
    )


def test_here_is_the_verdict_on_the_sample_that_is_posted_next(
    app: Flask, client: FlaskClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config.update({"DAILY_CAP": 3, "COMMUNE_CAP": 4})
    monkeypatch.setattr(rules, "TESTS_A_DAY", 8)
    choice, seen, waited = random.Random(32), Counter[str](), 0
    for number in range(WALKS):
        headers, query = walk(client, clock, choice), somewhere(choice)
        if number % 10:  # the rest of an answer is the same each time
            with app.app_context():
                token = headers["Authorization"].removeprefix("Bearer ")
                device = authenticate(token, clock.now).id
                here = preview(device, query, clock.now, recording_context(tickets=False))
                code, until = here["reason"], here["until"]
        else:
            given = {name: value for name, value in query.items() if value is not None}
            here = ask(client, headers, **given)["here"]
            code = here["reason"] and here["reason"]["code"]
            until = here["until"] and datetime.fromisoformat(here["until"])
        if until and choice.random() < 0.5:  # wait for it, or almost
            early = choice.choice([0, 1])  # seconds
            clock.now, waited = until - timedelta(seconds=early), waited + 1
            answer = post(client, headers, sample_at(query, clock.now)).json
            assert answer["counted"] != bool(early), (here, query)
            continue
        answer = post(client, headers, sample_at(query, clock.now)).json
        reasons = [one["code"] for one in answer["reasons"]]
        assert (here["counts"], code) == (answer["counted"], next(iter(reasons), None)), query
        if answer["valid"] and "too_many_tests" not in reasons:
            assert is_within_a_circle(here, query) == ("repeat" in reasons)
        seen[code or "counts"] += 1
    assert len(seen) > 7 and min(seen["counts"], waited) > 50, (seen, waited)


def test_own_samples_are_circles_that_no_other_phone_sees(client: FlaskClient) -> None:
    headers = register(client)
    query = {**HERE, "accuracy_m": 12, "operator": "Viettel"}
    assert ask(client, headers, **HERE)["here"] is None  # as asked by older phones
    post(client, headers, sample("2024-11-20T18:00:00+07:00"))
    answer = client.get(URL, headers=headers, query_string=query)
    assert answer.headers["Cache-Control"] == "no-store"
    until = "2024-11-20T22:00:00+07:00"
    here = answer.json["here"]
    assert here["circles"] == [{**HERE, "radius_m": 100.0, "until": here["until"]}]
    assert (here["counts"], here["reason"]["code"]) == (False, "repeat")
    assert datetime.fromisoformat(here["until"]) == datetime.fromisoformat(until)
    assert "4 giờ qua" in here["reason"]["message"]
    other = {"at": here["at"], "counts": True, "reason": None, "until": None, "circles": []}
    other |= {"unit": here["unit"], "teams": []}
    assert ask(client, headers, **{**query, "operator": "MobiFone"})["here"] == other
    assert ask(client, register(client), **query)["here"] == other


def test_here_names_the_commune_and_says_whether_another_lies_within_the_error(
    app: Flask, client: FlaskClient
) -> None:
    unit, headers = commune(app, client), register(client)
    for accuracy_m in (12, 2_000):
        here = ask(client, headers, **HERE, accuracy_m=accuracy_m, operator="Viettel")["here"]
        assert here["counts"]
        known = {"code": unit.code, "name": unit.name, "ambiguous": accuracy_m == 2_000}
        assert here["unit"] == known


@pytest.mark.parametrize(
    ("network", "area", "cap", "code"),
    [
        ("mobile", "1", None, None),
        ("fixed", "1", None, "network_not_measured"),
        ("mobile", "2", None, "outside_area"),
        ("mobile", "1", 1, "over_cap"),
    ],
)
def test_here_and_the_sample_say_whether_the_team_gets_it(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    network: str,
    area: str,
    cap: int | None,
    code: str | None,
) -> None:
    headers, unit = register(client), commune(app, client)
    with app.app_context():
        other = select(Unit.id).where(Unit.system == "2024", Unit.level == "commune")
        places = {"1": unit.id, "2": db.session.scalars(other.where(Unit.id != unit.id)).first()}
    cast = Cast(app, places[area] or 0, cap=cap)
    assert join(client, headers, cast.code_one).status_code == 201
    query = {**HERE, "accuracy_m": 12, "network": network, "operator": "Viettel"}
    if cap:
        clock.now += timedelta(hours=1)
        far = {**query, "latitude": HERE["latitude"] + 500 * METRES}
        assert post(client, headers, sample_at(far, clock.now)).json["counted"]
    clock.now += timedelta(hours=1)
    here = ask(client, headers, **query)["here"]
    [team] = here["teams"]
    assert (here["counts"], team["team"]["name"], team["counts"]) == (True, "Đội 1", code is None)
    assert (team["reason"] or {}).get("code") == code
    answer = post(client, headers, sample_at(query, clock.now)).json
    own = client.get(f"/api/v1/measurements/{answer['id']}", headers=headers).json
    verdicts = [*own["earned"], *own["not_earned"]]
    assert answer["counted"]
    assert [(one["team"], one.get("counted", False)) for one in verdicts] == [
        ("Đội 1", code is None)
    ]
    assert [one["reason"] for one in verdicts] == [team["reason"]]


def place_of(n: int) -> dict[str, float]:
    return HERE | {"latitude": HERE["latitude"] + 0.0011 * (n % 50), "accuracy_m": 12}


def test_a_phone_with_too_many_tests_costs_one_reading(
    app: Flask, client: FlaskClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each test of the day was a time at which another was judged, with a reading of its own."""
    app.config.update({"MEASUREMENTS_PER_HOUR": 1_000})
    headers, read, looks = register(client), timeline.read_state, Counter[str]()
    clock.now += timedelta(hours=8)
    tests = [
        sample((clock.now - timedelta(seconds=20 * n + 30)).isoformat(), location=place_of(n))
        for n in range(450)
    ]
    for start in range(0, len(tests), 150):
        assert post(client, headers, *tests[start : start + 150]).status_code < 300

    def counted(*values: Any) -> Any:
        looks["readings"] += 1
        return read(*values)

    monkeypatch.setattr(timeline, "read_state", counted)
    here = ask(client, headers, **HERE, accuracy_m=12, operator="Viettel")["here"]
    assert here["reason"]["code"] == "too_many_tests"
    assert here["until"].endswith("T00:00:00+07:00")
    assert looks["readings"] == 1


def test_questions_of_a_phone_are_limited_above_those_of_an_hour_s_walk(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert views.MAX_QUESTIONS > 3600 / 3  # PAUSE_MS of here.js
    monkeypatch.setattr(views, "MAX_QUESTIONS", 2)
    headers, other = register(client), register(client)
    for status in (200, 200, 429):
        answer = client.get(URL, query_string=HERE, headers=headers)
        assert answer.status_code == status
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get(URL, query_string=HERE, headers=other).status_code == 200
