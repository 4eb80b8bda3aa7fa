"""Verdicts and counts never depend on the order of arrival: a real database, a full pass apart."""

import math
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.recording import counting
from tests.support.clock import FakeClock
from tests.support.factories import HERE, location, network, post, register, sample

START = datetime.fromisoformat("2024-11-30T20:00:00+07:00")  # the evening before a month's end
AFTERWARDS = START + timedelta(days=3)

spots = st.fixed_dictionaries(
    {
        "minutes": st.integers(0, 1_200),
        "north_m": st.sampled_from([0, 60, 150, 3_000, -400_000]),
        "kind": st.sampled_from(["mobile", "mobile", "wifi"]),
        "mnc": st.sampled_from(["04", "02"]),
        "accuracy_m": st.sampled_from([8.0, 140.0]),
        "failed": st.sampled_from([False, False, False, True]),
    }
)


def made(spot: dict[str, Any]) -> dict[str, Any]:
    at = START + timedelta(minutes=spot["minutes"])
    place = location(latitude=HERE["latitude"] + spot["north_m"] / 111_195)
    return sample(
        at.isoformat(),
        status="failed" if spot["failed"] else "finished",
        network=network(kind=spot["kind"], mnc=spot["mnc"]),
        location={**place, "accuracy_m": spot["accuracy_m"]},
    )


def full_pass(samples: list[dict[str, Any]]) -> dict[str, tuple[bool, bool]]:
    """(valid, counted) of each sample by the plain reading of the rules, every pair compared."""
    verdicts: dict[str, tuple[bool, bool]] = {}
    done: list[dict[str, Any]] = []
    for now in sorted(samples, key=lambda s: (s["measured_at"], uuid.UUID(s["id"]))):
        valid = now["status"] == "finished"
        near = [one for one in done if hours(one, now) < 4]
        seen = [one for one in near if verdicts[one["id"]][0]]
        fast = bool(seen) and speed(seen[-1], now) > 300
        same = [one for one in near if verdicts[one["id"]][1] and alike(one, now)]
        verdicts[now["id"]] = (valid, valid and not fast and not same)
        done.append(now)
    return verdicts


def hours(one: dict[str, Any], other: dict[str, Any]) -> float:
    apart = moment(other) - moment(one)
    return apart.total_seconds() / 3600


def moment(one: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(one["measured_at"])


def metres(one: dict[str, Any], other: dict[str, Any]) -> float:
    north = one["location"]["latitude"] - other["location"]["latitude"]
    return abs(math.radians(north)) * 6_371_008.8


def speed(one: dict[str, Any], other: dict[str, Any]) -> float:
    slack = one["location"]["accuracy_m"] + other["location"]["accuracy_m"]
    return (metres(one, other) - slack) / max(1.0, hours(one, other) * 3600)


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["network"]["kind"] != other["network"]["kind"]:
        return False
    mobile = one["network"]["kind"] == "mobile"
    if mobile and one["network"]["mnc"] != other["network"]["mnc"]:
        return False
    accuracies = one["location"]["accuracy_m"], other["location"]["accuracy_m"]
    return metres(one, other) <= max(100, *accuracies)


def stored(app: Flask) -> dict[str, tuple[bool, bool]]:
    with app.app_context():
        rows = db.session.execute(text("select id, valid, counted from measurements"))
        return {str(row.id): (row.valid, row.counted) for row in rows}


def differences(app: Flask) -> list[dict[str, Any]]:
    with app.app_context():
        return counting.differences()


@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would post for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(spots, min_size=2, max_size=12), st.data())
def test_any_order_and_split_gives_the_verdicts_of_a_full_pass(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    places: list[dict[str, Any]],
    data: st.DataObject,
) -> None:
    clock.now = AFTERWARDS
    headers = register(client)
    samples = [made(spot) for spot in places]
    arrivals = data.draw(st.permutations([*samples, samples[0]]))
    while arrivals:
        size = data.draw(st.integers(1, len(arrivals)))
        answer = post(client, headers, *arrivals[:size])
        assert answer.status_code in (200, 201)
        arrivals = arrivals[size:]
    expected = full_pass(samples)
    found = stored(app)
    assert {one: found[one] for one in expected} == expected
    with app.app_context():
        counting.fold()
    assert differences(app) == []


def test_parallel_posts_of_one_device_give_the_same(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = AFTERWARDS
    headers = register(client)
    samples = [
        made({"minutes": 47 * n % 900, "north_m": 60 * (n % 3), "kind": "mobile", "mnc": "04"}
             | {"accuracy_m": 8.0, "failed": n % 7 == 0})
        for n in range(40)
    ]  # fmt: skip

    def send(part: list[dict[str, Any]]) -> int:
        return post(app.test_client(), headers, *part).status_code

    parts = [samples[n : n + 5] for n in range(0, 40, 5)] + [[one] for one in samples[::-1]]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, parts)) <= {200, 201}
    assert stored(app) == full_pass(samples)
    assert differences(app) == []
