"""Radio samples as phones send them: exactly once, judged sample by sample, never counted."""

import gzip
import json
import uuid
from datetime import timedelta
from typing import Any

import h3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from backend.database.extensions import db
from backend.devices.models import Device
from backend.measurements.no_connection.rules import RESOLUTION
from backend.measurements.radio import columns, rules
from backend.measurements.radio.incoming import parse_sample
from backend.measurements.radio.models import RadioSample
from backend.measurements.recording.models import CountDelta, Measurement, RejectedBody
from tests.support.clock import FakeClock
from tests.support.factories import CONSENT, HERE, location, post, register, sample
from tests.support.notes import NOON
from tests.support.radio import RADIO, no_service, post_radio, radio


def rows(app: Flask, model: Any = RadioSample) -> int:
    with app.app_context():
        return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def stored(app: Flask) -> RadioSample:
    with app.app_context():
        return db.session.scalars(select(RadioSample)).one()


def outcomes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [result["outcome"] for result in answer.json["results"]]


def test_a_sample_is_stored_and_never_counted(app: Flask, client: FlaskClient) -> None:
    headers, sent = register(client), radio()
    answer = post_radio(client, headers, sent)
    assert answer.json == {
        "results": [{"id": sent["id"], "outcome": "accepted"}],
        "accepted": 1, "duplicate": 0, "refused": 0,
    }  # fmt: skip
    found = stored(app)
    assert (
        str(found.id) == sent["id"]
        and found.measured_at == NOON
        and str(found.day) == ("2024-11-20")
    )
    assert (found.latitude, found.longitude, found.accuracy_m) == (*HERE.values(), 12.0)
    assert (found.operator, found.technology, found.mode) == ("Viettel", "4G", None)
    assert (found.rsrp_dbm, found.rsrq_db, found.sinr_db, found.sim_slot) == (-101, -12, 7, 0)
    assert (found.serving_cell, found.source) == (123_456_789, "own")
    assert h3.int_to_str(found.cell) == h3.latlng_to_cell(*HERE.values(), RESOLUTION)
    assert found.unit_id and found.set_id
    assert rows(app, Measurement) == rows(app, CountDelta) == 0
    coverage = client.get("/api/v1/coverage?month=2024-11&level=province").json
    assert all(item["received"] == 0 for item in coverage["items"])
    assert client.get("/api/v1/measurements", headers=headers).json["items"] == []


def test_one_bad_sample_blocks_no_other(app: Flask, client: FlaskClient) -> None:
    headers, good = register(client), radio()
    sent: list[Any] = [
        good,
        radio(rsrp_dbm=-9),
        "x",
        good,
        no_service(),
        radio(device_name="Lan's phone"),
    ]
    answer = post_radio(client, headers, *sent)
    assert outcomes(answer) == [
        "accepted", "refused", "refused", "duplicate", "accepted", "accepted",
    ]  # fmt: skip
    assert {name: answer.json[name] for name in ("accepted", "duplicate", "refused")} == {
        "accepted": 3, "duplicate": 1, "refused": 2,
    }  # fmt: skip
    assert rows(app) == 3 and rows(app, RejectedBody) == 0
    corrected = post_radio(client, headers, sent[1] | {"rsrp_dbm": -90})
    assert outcomes(corrected) == ["accepted"]  # the id is free


def test_ids_make_a_sample_exactly_once_per_device(app: Flask, client: FlaskClient) -> None:
    headers, other, sent = register(client), register(client), radio()
    assert outcomes(post_radio(client, headers, sent, radio())) == ["accepted"] * 2
    again = post_radio(client, headers, radio(), sent | {"id": sent["id"].upper()})
    assert outcomes(again) == ["accepted", "duplicate"]
    assert outcomes(post_radio(client, other, sent)) == ["accepted"]
    assert rows(app) == 4


def test_a_stored_sample_stays_a_duplicate_when_it_is_too_old(
    client: FlaskClient, clock: FakeClock
) -> None:
    headers, sent = register(client), radio()
    assert outcomes(post_radio(client, headers, sent)) == ["accepted"]
    clock.now += timedelta(days=61)
    assert outcomes(post_radio(client, headers, sent, radio())) == ["duplicate", "refused"]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"id": "7"}, "id", "not_uuid"),
        ({"id": None}, "id", "null"),
        ({"measured_at": "2024-11-20T12:00:00"}, "measured_at", "not_time"),
        ({"location": None}, "location", "null"),
        ({"location": HERE}, "location", "position_missing"),
        ({"location": location(accuracy_m=-1)}, "location", "position_missing"),
        ({"location": location(latitude=0, longitude=0)}, "location", "position_default"),
        ({"location": location(accuracy_m=501)}, "location", "radio_position_coarse"),
        ({"location": location(is_mock=True)}, "location.is_mock", "mock_position"),
        ({"location": location(latitude=12.0, longitude=114.5)}, "location", "outside_communes"),
        ({"location": location(latitude=48.2, longitude=16.4)}, "location", "outside_communes"),
        ({"network": {"mcc": "460"}}, "network.mcc", "foreign_network"),
        ({"network": {"mcc": "452", "mnc": 4}}, "network.mnc", "not_text"),
        ({"service": False}, "service", "radio_no_service"),
        ({"service": None}, "service", "null"),
        ({"technology": "3G"}, "technology", "not_one_of"),
        ({"technology": None}, "technology", "required"),
        ({"mode": "SA"}, "mode", "radio_mode"),
        ({"rsrp_dbm": None}, "rsrp_dbm", "required"),
        ({"rsrp_dbm": 2_147_483_647}, "rsrp_dbm", "required"),
        ({"rsrp_dbm": -157}, "rsrp_dbm", "out_of_range"),
        ({"rsrp_dbm": -40}, "rsrp_dbm", "out_of_range"),
        ({"rsrp_dbm": "-90"}, "rsrp_dbm", "not_number"),
        ({"measured_at": (NOON - timedelta(days=61)).isoformat()}, "measured_at", "radio_too_old"),
        ({"measured_at": (NOON + timedelta(hours=9)).isoformat()}, "measured_at", "in_future"),
    ],
)
def test_a_refused_sample_names_field_and_reason(
    app: Flask, client: FlaskClient, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = post_radio(client, register(client), radio(**changes))
    assert outcomes(answer) == ["refused"]
    errors = answer.json["results"][0]["errors"]
    assert (field, code) in [(one["field"], one["code"]) for one in errors]
    assert all(one["message"] != one["code"] for one in errors)
    assert rows(app) == rows(app, RejectedBody) == 0


def test_what_a_phone_does_not_know_is_stored_as_unknown(app: Flask, client: FlaskClient) -> None:
    most = 2**31 - 1
    sent = radio(
        rsrq_db=most, sinr_db=130, sim_slot=most, serving_cell=2**63 - 1,
        network={"mcc": "452", "mnc": "99", "operator": "Sóng nhà tôi"},
        technology="5G", mode="NSA", rsrp_dbm=-40.4,
    )  # fmt: skip
    assert outcomes(post_radio(client, register(client), sent)) == ["accepted"]
    found = stored(app)
    assert (found.rsrp_dbm, found.rsrq_db, found.sinr_db) == (-40, None, None)
    assert (found.sim_slot, found.serving_cell, found.operator) == (None, None, None)
    assert (found.technology, found.mode) == ("5G", "NSA")


def test_no_service_is_stored_without_values(app: Flask, client: FlaskClient) -> None:
    sent = no_service(serving_cell=7, rsrp_dbm=2**31 - 1, sim_slot=1)
    assert outcomes(post_radio(client, register(client), sent)) == ["accepted"]
    found = stored(app)
    assert (found.technology, found.rsrp_dbm, found.serving_cell) == (None, None, None)
    assert (found.operator, found.sim_slot) == ("Viettel", 1)


@pytest.mark.parametrize(
    ("mnc", "operator"), [("01", "MobiFone"), ("1", "MobiFone"), ("04", "Viettel")]
)
def test_an_mnc_keeps_its_leading_zero(
    app: Flask, client: FlaskClient, mnc: str, operator: str
) -> None:
    sent = radio(network={"mcc": "452", "mnc": mnc})
    assert outcomes(post_radio(client, register(client), sent)) == ["accepted"]
    assert stored(app).operator == operator


def test_a_phone_agrees_to_radio_samples_before_its_first_one(
    app: Flask, client: FlaskClient
) -> None:
    headers, sent = register(client), radio()
    with app.app_context():
        db.session.execute(update(Device).values(consent_version="2"))
        db.session.commit()
    refused = post_radio(client, headers, sent)
    assert (refused.status_code, refused.json["code"]) == (403, "radio_not_agreed")
    assert post(client, headers, sample()).status_code == 201
    agreed = client.post("/api/v1/devices/me/consents", json={"consent": CONSENT}, headers=headers)
    assert agreed.status_code == 201
    assert outcomes(post_radio(client, headers, sent)) == ["accepted"]


def test_samples_before_the_registration_are_refused(app: Flask, client: FlaskClient) -> None:
    """So what was withdrawn cannot come again by a phone that registers anew."""
    headers = register(client, timedelta(days=1))
    answer = post_radio(client, headers, radio(NOON - timedelta(days=3)), radio())
    assert outcomes(answer) == ["refused", "accepted"]
    assert answer.json["results"][0]["errors"][0]["code"] == "radio_before_registration"


def test_the_second_of_the_registration_is_not_before_it(
    client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = NOON + timedelta(seconds=0.7)
    headers = register(client, timedelta())
    clock.now = NOON + timedelta(seconds=5)
    answer = post_radio(client, headers, radio(NOON), radio(NOON - timedelta(seconds=1)))
    assert outcomes(answer) == ["accepted", "refused"]


def test_a_wrong_clock_is_corrected_by_the_time_of_sending(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    ahead = timedelta(hours=3)
    sent = radio(clock.now + ahead - timedelta(seconds=20))
    body = {"samples": [sent], "sent_at": (clock.now + ahead).isoformat()}
    answer = client.post(RADIO, json=body, headers=register(client))
    assert outcomes(answer) == ["accepted"]
    assert stored(app).measured_at == clock.now - timedelta(seconds=20)


def test_a_batch_may_be_packed(app: Flask, client: FlaskClient) -> None:
    headers = register(client) | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    body = gzip.compress(json.dumps({"samples": [radio(), no_service()]}).encode())
    assert outcomes(client.post(RADIO, data=body, headers=headers)) == ["accepted"] * 2
    damaged = client.post(RADIO, data=body[:-9], headers=headers)
    assert (damaged.status_code, damaged.json["code"]) == (400, "bad_gzip")


@pytest.mark.parametrize("body", [{}, {"samples": []}, {"samples": 7}, {"samples": [{}] * 5_001}])
def test_batches_have_one_to_five_thousand_samples(client: FlaskClient, body: Any) -> None:
    answer = client.post(RADIO, json=body, headers=register(client))
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "samples"


def test_tokens_are_needed(client: FlaskClient) -> None:
    assert client.post(RADIO, json={"samples": [radio()]}).status_code == 401


def test_a_large_batch_is_stored_whole(app: Flask, client: FlaskClient) -> None:
    headers = register(client)
    sent = [
        radio(NOON + timedelta(seconds=n), location=location(latitude=21.59 + n * 1e-5))
        if n % 7
        else no_service(NOON + timedelta(seconds=n))
        for n in range(5_000)
    ]
    assert outcomes(post_radio(client, headers, *sent)) == ["accepted"] * 5_000
    with app.app_context():
        found = db.session.execute(
            select(RadioSample.id, RadioSample.latitude, RadioSample.measured_at).order_by(
                RadioSample.measured_at
            )
        ).all()
    assert [str(one.id) for one in found] == [one["id"] for one in sent]
    assert [one.latitude for one in found] == [one["location"]["latitude"] for one in sent]
    assert outcomes(post_radio(client, headers, *sent)) == ["duplicate"] * 5_000
    assert rows(app) == 5_000


# Abuse


def test_a_device_has_a_most_of_samples_an_hour(client: FlaskClient, clock: FakeClock) -> None:
    headers, other = register(client), register(client)
    batch = [None] * 5_000  # refused ones count too
    answers = [post_radio(client, headers, *batch) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert int(answers[-1].headers["Retry-After"]) <= 3_601
    assert post_radio(client, other, radio()).status_code == 200
    clock.now += timedelta(hours=1)
    assert post_radio(client, headers, radio(clock.now)).json["accepted"] == 1


def test_an_address_has_a_most_of_samples_an_hour(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "HOURLY_MOST", 3)
    answers = [post_radio(client, register(client), radio(), radio()) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 429]
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    answer = post_radio(client, register(client), radio(), environ_base=elsewhere)
    assert answer.status_code == 200


# Rules


@given(
    st.sampled_from(rules.TECHNOLOGIES),
    st.sampled_from(("rsrp_dbm", "rsrq_db", "sinr_db")),
    st.one_of(st.integers(-200, 200), st.floats(-200, 200), st.sampled_from(sorted(rules.UNKNOWN))),
)
def test_values_are_stored_within_their_range_only(
    technology: str, name: str, value: float
) -> None:
    item = parse_sample(radio(technology=technology, **{name: value}))
    low, high = rules.RANGES[technology][name]
    if name == "rsrp_dbm":
        assert (item.outcome == "accepted") == (low <= value <= high)
    if item.outcome == "accepted":
        (row,) = columns.rows_of([item], uuid.uuid4(), NOON, timedelta())
        assert row[name] == (round(value) if low <= value <= high else columns.UNKNOWN)
