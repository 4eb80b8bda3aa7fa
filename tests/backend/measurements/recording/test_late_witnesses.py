"""A witness does not wait, and repeats on fixed lines ignore the provider's name."""

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
from backend.measurements.recording import counting
from backend.measurements.recording.rules import MAX_WAIT
from backend.measurements.revision.service import lock_rows, revise_chosen
from tests.support.clock import FakeClock
from tests.support.factories import HERE, location, post, register, sample
from tests.support.requirements import counting_from
from tests.support.speed_tests import witnessed

BEGIN = datetime(2024, 11, 5, 8, 0, tzinfo=VIETNAM)
LENGTH = timedelta(seconds=20)
SECOND = timedelta(seconds=1)


@pytest.fixture
def strict(app: Flask, clock: FakeClock) -> Iterator[None]:
    clock.now = BEGIN
    with counting_from(app, "witnessed"):
        yield


def measure(client: FlaskClient, headers: dict[str, str], at: datetime) -> dict[str, Any]:
    """A complete test that begins now, as its phone keeps it; the phone may state another time."""
    test = witnessed(client, headers)
    values = {"download_mbps": 1.0, "upload_mbps": 1.0, "duration_s": LENGTH.total_seconds()}
    return sample(at.isoformat(), test=test, **values)


def stored(app: Flask) -> dict[str, list[str]]:
    """The reasons by id; counts agree with them, and judging again changes nothing."""
    with app.app_context():
        assert counting.differences() == []
        devices = db.session.execute(
            text("select device_id, array_agg(id) from measurements group by 1")
        )
        for device, ids in devices.all():
            assert not any(revise_chosen(device, ids, lock_rows(device)).by_key.values())
            db.session.rollback()
        rows = db.session.execute(text("select id, reasons from measurements"))
        return {str(row.id): row.reasons for row in rows}


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(
    ("waited", "reasons"), [(LENGTH + MAX_WAIT, []), (LENGTH + MAX_WAIT + SECOND, ["witness_late"])]
)
@pytest.mark.parametrize("lie", [timedelta(), timedelta(hours=3)])
def test_a_witnessed_sample_counts_for_72_hours(
    app: Flask, client: FlaskClient, clock: FakeClock,
    waited: timedelta, reasons: list[str], lie: timedelta,
) -> None:  # fmt: skip
    headers = register(client)
    body = measure(client, headers, BEGIN + lie)
    clock.now = BEGIN + waited
    answer = post(client, headers, body).json
    assert answer["valid"] and answer["counted"] is not bool(reasons)
    assert [one["code"] for one in answer["reasons"]] == reasons
    if reasons:
        assert "gửi trong 72 giờ sau khi đo" in answer["reasons"][0]["message"]
    assert stored(app) == {body["id"]: reasons}


@pytest.mark.usefixtures("strict")
def test_held_witnesses_are_placed_nowhere(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """Eight tickets with their tests, kept for two weeks, then posted from chosen places."""
    headers, bodies = register(client), []
    for n in range(8):
        clock.now = BEGIN + timedelta(minutes=10 * n)
        place = location(latitude=HERE["latitude"] + n * 300 / 111_195)
        bodies.append(measure(client, headers, clock.now) | {"location": place})
    clock.now = BEGIN + timedelta(days=14)
    results = post(client, headers, *bodies).json["results"]
    assert Counter(one["reasons"][0]["code"] for one in results) == {"witness_late": 8}
    assert all(one["valid"] for one in results)
    # They use up no cap and anchor no repeat.
    fresh = measure(client, headers, clock.now)
    assert post(client, headers, fresh).json["counted"]
    assert list(stored(app).values()).count([]) == 1


@pytest.mark.usefixtures("strict")
def test_the_end_of_a_test_is_asked_for_late(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """A length of months, or one in milliseconds, makes no test last longer than five minutes."""
    headers = register(client)
    body = measure(client, headers, BEGIN) | {"duration_s": 86_400}
    clock.now = BEGIN + MAX_WAIT + timedelta(minutes=6)
    assert post(client, headers, body).json["reasons"][0]["code"] == "witness_late"


def test_where_no_witness_is_required_none_is_late(client: FlaskClient, clock: FakeClock) -> None:
    clock.now = BEGIN
    headers = register(client)
    body = measure(client, headers, BEGIN)
    clock.now += timedelta(days=14)
    assert post(client, headers, body).json["counted"]


@pytest.mark.parametrize("reverse", [False, True])
def test_names_of_providers_make_no_lines(app: Flask, client: FlaskClient, reverse: bool) -> None:
    names = ("VNPT", "Viettel", "FPT Telecom", "CMC", "SCTV", "nhà mạng xã", "của làng")
    moments = [datetime(2024, 11, 15, 8, n, tzinfo=VIETNAM) for n in range(len(names))]
    lines = [
        sample(at.isoformat(), network={"kind": "wifi"}, isp=isp)
        for at, isp in zip(moments, names, strict=True)
    ]
    # A house 150 m away is another place.
    away = location(latitude=HERE["latitude"] + 150 / 111_195)
    at = datetime(2024, 11, 15, 9, 0, tzinfo=VIETNAM)
    lines.append(sample(at.isoformat(), network={"kind": "wifi"}, isp="VNPT", location=away))
    headers = register(client)
    for body in lines[::-1] if reverse else lines:
        post(client, headers, body)
    found = stored(app)
    assert [found[one["id"]] for one in lines] == [[], *[["repeat"]] * 6, []]
