"""The rules through the public door: what an attacker and an honest volunteer get."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.measurements.recording import counting, rules
from tests.support.clock import FakeClock
from tests.support.factories import HERE, location, network, post, register, sample

MORNING = datetime(2024, 11, 15, 8, 0, tzinfo=VIETNAM)
METRE = 1 / 111_195
NOW = timedelta()


def at(minutes: float = 0, metres: float = 0, **changes: Any) -> dict[str, Any]:
    """A sample so many minutes after the morning, so many metres north."""
    place = location(latitude=HERE["latitude"] + metres * METRE)
    when = (MORNING + timedelta(minutes=minutes)).isoformat()
    return sample(when, **{"location": place, **changes})


def send(
    client: FlaskClient, headers: dict[str, str], samples: list[dict[str, Any]]
) -> Counter[str]:
    """The main reasons of samples sent in batches."""
    found: Counter[str] = Counter()
    for start in range(0, len(samples), 500):
        part = samples[start : start + 500]
        answer = client.post("/api/v1/measurements", json={"measurements": part}, headers=headers)
        found += Counter(
            "counted" if one["counted"] else one["reasons"][0]["code"]
            for one in answer.json["results"]
        )
    return found


def now_counted(app: Flask) -> Counter[str]:
    """The main reasons of all stored samples; the counts agree with them."""
    with app.app_context():
        assert counting.differences() == []
        rows = db.session.execute(text("select counted, reasons from measurements"))
        return Counter("counted" if counted else reasons[0] for counted, reasons in rows)


def walk(n: int, begin: float = 0) -> Iterator[dict[str, Any]]:
    """The attack's walk: 115 m and 40 s from each sample to the next, inside the commune."""
    for step in range(n):
        yield at(begin + step * 40 / 60, 115 * (step % 20) - 1_000 + step / 10)


def test_300_samples_of_a_new_device_do_not_count(client: FlaskClient, clock: FakeClock) -> None:
    clock.now = MORNING + timedelta(hours=4)
    assert send(client, register(client, NOW), list(walk(300))) == {"before_registration": 300}


@pytest.mark.slow
def test_a_commune_is_not_reached_by_one_device(client: FlaskClient, app: Flask) -> None:
    headers = register(client)
    spread = [
        at(day * 1_440 + step * 40 / 60, location=cell(step))
        for day in range(5)
        for step in range(100)
    ]
    found = send(client, headers, spread)
    assert found["counted"] + found["commune_cap"] == 500
    assert now_counted(app) == found
    most = text("select count(*) from measurements where counted group by unit_id order by 1 desc")
    with app.app_context():
        assert db.session.execute(most).scalar() == rules.DEFAULT_CAPS.commune


def cell(step: int) -> dict[str, Any]:
    """A spot of its own for each step of a day, within 1.3 km."""
    row, column = divmod(step, 10)
    return location(
        latitude=HERE["latitude"] + 130 * (row - 5) * METRE,
        longitude=HERE["longitude"] + 130 * (column - 5) * METRE / 0.93,
    )


def test_one_day_of_one_device_is_capped(client: FlaskClient, app: Flask) -> None:
    app.config["DAILY_CAP"] = 12
    headers = register(client)
    samples = [at(step, location=cell(step)) for step in range(30)]
    assert send(client, headers, samples) == {"counted": 12, "daily_cap": 18}
    early = post(client, headers, at(-5, location=cell(50)))
    assert early.json["counted"]
    assert now_counted(app) == {"counted": 12, "daily_cap": 19}


def test_a_late_sample_moves_the_cap_of_a_commune(client: FlaskClient, app: Flask) -> None:
    app.config["COMMUNE_CAP"] = 5
    headers = register(client)
    days = [at(day * 1_440) for day in (-4, -2, 0, 1, 3, 4)]
    assert send(client, headers, days) == {"counted": 5, "commune_cap": 1}
    late = post(client, headers, at(-3 * 1_440))
    assert late.json["counted"]
    assert now_counted(app) == {"counted": 5, "commune_cap": 2}
    next_month = post(client, headers, sample("2024-10-31T09:00:00+07:00"))
    assert next_month.json["counted"]


def test_300_operators_that_nobody_knows_are_one(client: FlaskClient) -> None:
    names = [
        at(10 * n / 60, network={"kind": "mobile", "operator": f"Mạng {n}"}) for n in range(300)
    ]
    found = send(client, register(client), names)
    assert found["counted"] == 1 and found["repeat"] == 299


def test_of_known_operators_two_count_a_day(client: FlaskClient) -> None:
    codes = ("04", "01", "02", "05", "07", "08", "09")
    samples = [at(n, network=network(mnc=mnc)) for n, mnc in enumerate(codes)]
    headers = register(client)
    assert send(client, headers, samples) == {"counted": 2, "third_operator": 5}
    next_day = post(client, headers, at(1_440, network=network(mnc="02")))
    assert next_day.json["counted"]


@pytest.mark.parametrize("name", ["VIETTEL", "Viettel Mobile", "VN Viettel"])
def test_an_operator_has_many_names(client: FlaskClient, name: str) -> None:
    headers = register(client)
    stated = {"kind": "mobile", "mcc": "65535", "mnc": "65535", "operator": name}
    assert send(client, headers, [at(), at(60, network=stated)])["repeat"] == 1


def test_a_closed_month_is_not_filled_afterwards(client: FlaskClient, clock: FakeClock) -> None:
    clock.now = datetime(2024, 11, 20, 12, tzinfo=VIETNAM)
    for n in range(5):
        answer = post(client, register(client, NOW), sample(f"2024-10-{20 + n}T09:00:00+07:00"))
        assert [one["code"] for one in answer.json["reasons"]] == ["before_registration"]
        assert answer.json["valid"] and not answer.json["counted"]


def test_a_clock_may_be_a_little_behind_at_registration(
    client: FlaskClient, clock: FakeClock
) -> None:
    early = clock.now - timedelta(minutes=9)
    assert post(client, register(client, NOW), sample(early.isoformat())).json["counted"]


@pytest.mark.parametrize(
    ("length", "second_later", "counts"),
    [(None, 9, False), (None, 10, True), (60, 59, False), (60, 60, True), (0, 4, False)],
)
def test_tests_of_one_device_do_not_overlap(
    client: FlaskClient, length: int | None, second_later: int, counts: bool
) -> None:
    headers = register(client)
    first = at(duration_s=length, location=location(accuracy_m=150.0))
    second = at(second_later / 60, 300, duration_s=length)
    assert post(client, headers, first).json["counted"]
    answer = post(client, headers, second).json
    assert answer["counted"] is counts
    assert counts or [one["code"] for one in answer["reasons"]] == ["overlap"]


def test_a_failed_test_is_in_nobodys_way(client: FlaskClient) -> None:
    headers = register(client)
    post(client, headers, at(status="failed", duration_s=60))
    assert post(client, headers, at(0.5)).json["counted"]


def test_a_mock_position_does_not_count_without_permission(
    client: FlaskClient, app: Flask, clock: FakeClock
) -> None:
    headers = register(client)
    device = client.get("/api/v1/devices/me", headers=headers).json["id"]
    mock = {"location": location(is_mock=True)}
    answer = post(client, headers, at(**mock)).json
    assert [one["code"] for one in answer["reasons"]] == ["mock_position"] and answer["valid"]
    command = app.test_cli_runner().invoke
    names = ["measurements", "allow-receiver", device, "--reason", "máy thu RTK của sở"]
    assert command(args=names).exit_code == 0
    later = clock.now + timedelta(days=1)
    clock.now = later + timedelta(hours=1)
    allowed = sample(later.isoformat(), **mock)
    assert post(client, headers, allowed).json["counted"]
    names[1] = "revoke-receiver"
    assert "verdicts changed: 1" in command(args=names).output
    assert now_counted(app) == {"mock_position": 2}
    assert command(args=names).exit_code == 1
    names[2] = "00000000-0000-4000-8000-000000000001"
    assert command(args=names).exit_code == 1


@pytest.mark.slow
def test_a_full_window_makes_no_post_dear(client: FlaskClient, app: Flask) -> None:
    headers = register(client)
    crowd = [at(step * 2.6 / 60, location=cell(step % 100)) for step in range(5_500)]
    found = send(client, headers, crowd)
    assert found["too_many_tests"] == 5_500 - rules.TESTS_A_DAY
    begin = time.process_time()
    for n in range(5):
        post(client, headers, at(n, 5_000 + 200 * n))
    # 6 ms on a quiet machine; chains of repeats through a window took 10 s.
    assert (time.process_time() - begin) / 5 < 0.25
    now_counted(app)
