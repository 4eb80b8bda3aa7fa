"""Pairs of typed i-Speed results with own tests, and what they say of the distance."""

import math
import uuid
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from backend.coverage.vnnic.ispeed import (
    MIN_PAIRS,
    MIN_PHONES,
    distance,
    find_pairs,
    mean_ratio,
)
from backend.coverage.vnnic.models import SpeedPair
from backend.database.extensions import db
from backend.devices.models import Device
from backend.reports.content.sections import ispeed_notes
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.measurements import NINE, measurement_row, phones, store_rows

URL = "/api/v1/vnnic/ispeed"
HERE = {"latitude": 21.59, "longitude": 105.85}
AFTER = NINE + timedelta(days=3)
Row = dict[str, Any]


def own(phone: uuid.UUID, minutes: float = 0, at: datetime = NINE, **changes: Any) -> Row:
    row = {"device_id": phone, "assurance": "witnessed", **HERE, **changes}
    return measurement_row(None, at + timedelta(minutes=minutes), **row)


def typed(phone: uuid.UUID, minutes: float = 0, **changes: Any) -> Row:
    speeds = {"download_mbps": 96.4, "upload_mbps": 24.2, "ping_ms": 10.5}
    result = {"source": "manual", "raw": {"server": {"name": "i-Speed"}}, **speeds}
    return own(phone, minutes, **(result | {"assurance": "claimed", "counted": False} | changes))


def pairs_of(app: Flask, *rows: Row, now: datetime = AFTER) -> list[SpeedPair]:
    if rows:
        store_rows(app, *rows)
    with app.app_context():
        find_pairs(now)
        return list(db.session.scalars(select(SpeedPair).order_by(SpeedPair.day)))


@pytest.mark.parametrize(
    ("of_typed", "of_own", "n"),
    [
        ({}, {}, 1),
        ({"minutes": 9.9}, {}, 1),
        ({"minutes": 10.1}, {}, 0),
        ({"latitude": 21.59 + 0.0017}, {}, 1),  # 189 m
        ({"longitude": 105.85 + 0.002}, {}, 0),  # 207 m
        ({"operator": "MobiFone"}, {}, 0),
        ({"network": "fixed"}, {}, 0),
        ({"raw": {"server": {"name": "Speedtest"}}}, {}, 0),
        ({"ping_ms": None}, {}, 0),
        ({"upload_mbps": 0.0}, {}, 0),
        ({}, {"marks": ["capped"]}, 0),
        ({}, {"assurance": "claimed"}, 0),
        ({}, {"valid": False, "counted": False, "reasons": ["implausible_value"]}, 0),
    ],
)
def test_a_pair_is_two_tests_of_one_line(app: Flask, of_typed: Row, of_own: Row, n: int) -> None:
    [phone] = phones(app, 1)
    found = pairs_of(app, typed(phone, **of_typed), own(phone, **of_own))
    assert len(found) == n
    for pair in found:
        assert (pair.download, pair.upload, pair.ping) == pytest.approx((0.5, 0.5, 2.0))


def test_each_test_is_in_one_pair_with_its_nearest(app: Flask) -> None:
    phone, other = phones(app, 2)
    rows = [typed(phone, -8), own(phone, -5), own(phone, 3), typed(phone, 4), own(other, 4)]
    found = {pair.id: (pair.own_id, pair.typed_first) for pair in pairs_of(app, *rows)}
    earlier, later = rows[0]["id"], rows[3]["id"]
    assert found == {earlier: (rows[1]["id"], True), later: (rows[2]["id"], False)}
    assert len(pairs_of(app)) == 2  # a second run adds nothing
    assert not pairs_of(app, now=NINE + timedelta(days=366))


def test_a_result_typed_on_the_page_becomes_a_pair(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    phone = register(client)
    result = {"source": "manual", "server": {"name": "i-Speed"}, "download_mbps": 100.0}
    post(client, phone, sample("2024-11-15T09:00:00+07:00"))
    post(client, phone, sample("2024-11-15T09:02:00+07:00", **result))
    with app.app_context():
        db.session.execute(db.text("update measurements set assurance = 'witnessed'"))
        db.session.commit()
    assert len(pairs_of(app, now=clock())) == 1
    assert client.delete("/api/v1/devices/me", headers=phone).status_code in (200, 204)
    assert not pairs_of(app, now=clock())


def spread(rng: np.random.Generator, numbers: list[int], ratio: float) -> tuple[list[int], Any]:
    """Ratios of phones with so many pairs: phones differ by 15 %, pairs of a phone by 30 %."""
    of = np.repeat(np.arange(len(numbers)), numbers)
    middle = math.log(ratio) + rng.normal(0, 0.15, len(numbers))
    return of.tolist(), np.exp(rng.normal(middle[of], 0.3)).tolist()


def test_the_interval_holds_a_known_difference() -> None:
    rng, runs, true = np.random.default_rng(7), 4_000, 0.85
    found = [mean_ratio(*spread(rng, rng.integers(1, 6, 20).tolist(), true)) for _ in range(runs)]
    share = sum(one["low"] <= true <= one["high"] for one in found) / runs
    assert 0.93 < share < 0.97


@pytest.mark.parametrize("forged", [1e-6, 1e6])
def test_one_forged_phone_moves_it_by_less_than_half_its_interval(forged: float) -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        of, ratios = spread(rng, [3] * 20, 0.85)
        honest = mean_ratio(of, ratios)
        changed = mean_ratio(of, [forged] * 3 + ratios[3:])
        moved = abs(math.log(changed["ratio"] / honest["ratio"]))
        assert moved < math.log(changed["high"] / changed["low"]) / 2


def test_officials_see_it_from_twenty_phones_on_and_others_if_published(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    official = people.person(app, "official", 1)
    devices = phones(app, MIN_PHONES)
    each, day = MIN_PAIRS // MIN_PHONES, clock() - timedelta(days=5)
    rows = [
        one
        for phone in devices
        for hour in range(each)
        for one in (
            own(phone, 60 * hour, day),
            typed(phone, 60 * hour + 2, at=day),
        )
    ]
    pairs_of(app, *rows[:-2], now=clock())
    few = client.get(URL, headers=official).json
    assert (few["phones"], few["pairs"], few["download"]) == (20, 59, None)
    pairs_of(app, *rows[-2:], now=clock())
    enough = client.get(URL, headers=official).json
    assert enough["pairs"] == 60 and enough["ispeed_first"] == 0
    assert enough["download"]["ratio"] == pytest.approx(0.5)
    assert enough["ping"]["ratio"] == pytest.approx(2.0)
    assert enough["demo"] is False
    assert client.get(URL).status_code == 401
    assert client.get(URL, headers=people.person(app, "organiser", 1)).status_code == 403
    app.config["PUBLISH_ISPEED"] = True
    assert client.get(URL).json == enough


def test_only_a_report_of_the_demo_has_pairs_of_its_phones(app: Flask, clock: FakeClock) -> None:
    rows = [
        one
        for phone in phones(app, MIN_PHONES)
        for hour in range(3)
        for one in (own(phone, 60 * hour), typed(phone, 60 * hour + 2))
    ]
    pairs_of(app, *rows)
    today = AFTER.date()
    with app.app_context():
        [real] = ispeed_notes(today, demo=False)
        assert real["code"] == "note_ispeed"
        db.session.execute(update(Device).values(demo=True))
        assert distance("mobile", today)["demo"] is True
        assert ispeed_notes(today, demo=False) == []
        assert ispeed_notes(today, demo=True) == [real]
