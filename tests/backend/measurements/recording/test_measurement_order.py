"""Verdicts and counts never depend on the order of arrival: a real database, a full pass apart."""

import math
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.measurements.recording import counting, rules, service
from backend.measurements.recording.models import Measurement
from backend.measurements.revision.service import lock_rows, revise_chosen
from tests.support.clock import FakeClock
from tests.support.factories import HERE, KNOWN_SINCE, location, network, post, register, sample
from tests.support.requirements import counting_from

START = datetime.fromisoformat("2024-11-28T20:00:00+07:00")  # two evenings before a month's end
AFTERWARDS = START + timedelta(days=8)

spots = st.fixed_dictionaries(
    {
        "minutes": st.integers(0, 1_200),
        "days": st.sampled_from([0, 0, 1, 2, 5]),
        "north_m": st.sampled_from([0, 60, 150, 3_000, -400_000]),
        "kind": st.sampled_from(["mobile", "mobile", "wifi"]),
        "mnc": st.sampled_from(["04", "04", "02", "01", "99"]),
        "isp": st.sampled_from(["VNPT", "Viettel", "của làng"]),
        "accuracy_m": st.sampled_from([8.0, 140.0]),
        "failed": st.sampled_from([False, False, False, True]),
        "seconds": st.sampled_from([None, None, 1, 200]),
        "mock": st.sampled_from([False, False, False, True]),
        "proven": st.sampled_from([True, True, True, False]),
    }
)
# Low enough to be reached by a few samples.
CAPS = {"DAILY_CAP": 3, "COMMUNE_CAP": 4}
TESTS_A_DAY = 6


@pytest.fixture(autouse=True)
def low_limits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    app.config.update(CAPS)
    monkeypatch.setattr(rules, "TESTS_A_DAY", TESTS_A_DAY)


# Name of an app whose samples have tickets.
PROVEN = "proven"


@pytest.fixture(autouse=True)
def tickets_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give samples their assurance without tickets, which are limited in number."""

    def assess(_device: Any, new: Any, *_rest: Any) -> list[Any]:
        for item in new:
            if item.raw["app_version"] == PROVEN:
                item.row["assurance"] = "witnessed"
        return []

    monkeypatch.setattr(service, "_assess", assess)


def made(spot: dict[str, Any]) -> dict[str, Any]:
    at = START + timedelta(spot["days"], minutes=spot["minutes"])
    place = location(latitude=HERE["latitude"] + spot["north_m"] / 111_195, is_mock=spot["mock"])
    return sample(
        at.isoformat(),
        status="failed" if spot["failed"] else "finished",
        duration_s=spot["seconds"],
        app_version=PROVEN if spot["proven"] else "1.0.0",
        network=network(kind=spot["kind"], mnc=spot["mnc"]),
        isp=spot["isp"],
        location={**place, "accuracy_m": spot["accuracy_m"]},
    )


def full_pass(
    samples: list[dict[str, Any]],
    registered: datetime,
    communes: dict[str, Any],
    counts_from: str,
) -> dict[str, str]:
    """The main reason of each sample by the plain reading of rule set 3, every pair compared."""
    verdicts: dict[str, str] = {}
    done: list[dict[str, Any]] = []
    valid: list[dict[str, Any]] = []
    for now in sorted(samples, key=lambda s: (moment(s), uuid.UUID(s["id"]))):
        late = sum(one_day(one, now) for one in done) >= TESTS_A_DAY
        proof = proof_problem(now, counts_from)
        verdicts[now["id"]] = reason(now, valid, verdicts, registered, communes, late, proof)
        done.append(now)
        valid += [now] * (now["status"] == "finished" and not late)
    return verdicts


def proof_problem(now: dict[str, Any], counts_from: str) -> str | None:
    if counts_from == "claimed":
        return None
    if now["app_version"] != PROVEN:
        return "unproven"
    waited = AFTERWARDS - end(now) > timedelta(hours=72)
    return "witness_late" if counts_from == "witnessed" and waited else None


CAPPED = ("counted", "daily_cap", "commune_cap")
# What is known of a sample without the others of its day.
OF_THE_DAY = (*CAPPED, "repeat", "third_operator")


def reason(
    now: dict[str, Any],
    valid: list[dict[str, Any]],
    verdicts: dict[str, str],
    registered: datetime,
    communes: dict[str, Any],
    late: bool,
    proof: str | None,
) -> str:
    def verdict(one: dict[str, Any]) -> str:
        return verdicts[one["id"]]

    today = [one for one in valid if one_day(one, now)]
    chosen = [one for one in today if verdict(one) in CAPPED]
    anchors = chosen + [
        one for one in valid if not one_day(one, now) and verdict(one) in OF_THE_DAY
    ]
    operators = {mnc(one) for one in chosen if one["network"]["kind"] == "mobile"}
    place = (communes[now["id"]], now["network"]["kind"])
    in_commune = [
        one for one in valid
        if verdict(one) in ("counted", "commune_cap") and one_month(one, now)
        and (communes[one["id"]], one["network"]["kind"]) == place
    ]  # fmt: skip
    mobile = now["network"]["kind"] == "mobile"
    found = {
        "failed_test": now["status"] != "finished",
        str(proof): proof is not None,
        "too_many_tests": late,
        "before_registration": moment(now) < registered - timedelta(minutes=10),
        "mock_position": now["location"]["is_mock"],
        "overlap": any(moment(now) < end(one) for one in valid),
        "impossible_travel": bool(valid) and hours(valid[-1], now) < 4
        and speed(valid[-1], now) > 300,
        "repeat": any(hours(one, now) < 4 and alike(one, now) for one in anchors),
        "third_operator": mobile and len(operators) == 2 and mnc(now) not in operators,
        "daily_cap": len(chosen) >= CAPS["DAILY_CAP"],
        "commune_cap": len(in_commune) >= CAPS["COMMUNE_CAP"],
    }  # fmt: skip
    return next((code for code, applies in found.items() if applies), "counted")


def mnc(one: dict[str, Any]) -> str:
    return str(one["network"]["mnc"])


def end(one: dict[str, Any]) -> datetime:
    length = one["duration_s"]
    return moment(one) + timedelta(seconds=10 if length is None else min(300, max(5, length)))


def local(one: dict[str, Any]) -> datetime:
    return moment(one).astimezone(VIETNAM)


def one_day(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return local(one).date() == local(other).date()


def one_month(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return local(one).month == local(other).month


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


def stored(app: Flask) -> dict[str, str]:
    with app.app_context():
        rows = db.session.execute(text("select id, reasons, counted from measurements"))
        return {str(row.id): "counted" if row.counted else row.reasons[0] for row in rows}


def communes(app: Flask) -> dict[str, Any]:
    with app.app_context():
        rows = db.session.execute(text("select id, unit_id from measurements"))
        return {str(row.id): row.unit_id for row in rows}


def differences(app: Flask) -> list[dict[str, Any]]:
    with app.app_context():
        return counting.differences()


@pytest.mark.slow
@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would post for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(spots, min_size=2, max_size=16), st.data())
def test_any_order_and_split_gives_the_verdicts_of_a_full_pass(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    places: list[dict[str, Any]],
    data: st.DataObject,
) -> None:
    clock.now = AFTERWARDS
    since = data.draw(st.sampled_from([AFTERWARDS - START - timedelta(hours=5), KNOWN_SINCE]))
    headers = register(client, since)
    samples = [made(spot) for spot in places]
    arrivals = data.draw(st.permutations([*samples, samples[0]]))
    counts_from = data.draw(st.sampled_from(["claimed", "ticketed", "witnessed"]))
    with counting_from(app, counts_from):
        while arrivals:
            size = data.draw(st.integers(1, len(arrivals)))
            answer = post(client, headers, *arrivals[:size])
            assert answer.status_code in (200, 201)
            arrivals = arrivals[size:]
        expected = full_pass(samples, AFTERWARDS - since, communes(app), counts_from)
        found = stored(app)
        assert {one: found[one] for one in expected} == expected
        assert differences(app) == []
        assert rejudged(app, list(expected)) == 0


def rejudged(app: Flask, ids: list[str]) -> int:
    """How many verdicts change when these measurements of one device are judged again."""
    with app.app_context():
        chosen = [uuid.UUID(one) for one in ids]
        device = db.session.get_one(Measurement, chosen[0]).device_id
        joined = lock_rows(device)
        changes = revise_chosen(device, chosen, joined)
        db.session.rollback()
        return sum(map(abs, changes.by_key.values()))


def test_parallel_posts_of_one_device_give_the_same(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = AFTERWARDS
    headers = register(client)
    samples = [
        made({"minutes": 47 * n % 900, "north_m": 60 * (n % 3), "days": 0, "kind": "mobile"}
             | {"mnc": "04", "accuracy_m": 8.0, "failed": n % 7 == 0, "seconds": None}
             | {"isp": "VNPT", "mock": False, "proven": False})
        for n in range(40)
    ]  # fmt: skip

    def send(part: list[dict[str, Any]]) -> int:
        return post(app.test_client(), headers, *part).status_code

    parts = [samples[n : n + 5] for n in range(0, 40, 5)] + [[one] for one in samples[::-1]]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, parts)) <= {200, 201}
    assert stored(app) == full_pass(samples, AFTERWARDS - KNOWN_SINCE, communes(app), "claimed")
    assert differences(app) == []


def test_a_batch_with_days_between_keeps_what_depends_on_an_evening_before(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """A row after midnight was judged again without the evening before, which was not read."""
    clock.now = AFTERWARDS
    headers = register(client)
    far = {"latitude": 17.9969, "longitude": 105.8482, "accuracy_m": 8.0}
    after_midnight = sample("2024-12-04T00:03:00+07:00", location=far)
    post(client, headers, sample("2024-12-03T23:52:00+07:00"), after_midnight)
    post(client, headers, sample("2024-11-29T06:05:00+07:00"), sample("2024-12-04T08:00:00+07:00"))
    assert stored(app)[after_midnight["id"]] == "impossible_travel"
