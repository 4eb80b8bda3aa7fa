"""POST and GET /api/v1/no-connection-notes: each note is stored once, and nothing is counted."""

import uuid
from datetime import timedelta
from itertools import pairwise
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
from backend.measurements.no_connection import rules
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.recording.models import Measurement, Receipt, RejectedBody, unit_months
from tests.support.clock import FakeClock
from tests.support.factories import CONSENT, HERE, THERE, location, post, register, sample
from tests.support.notes import CONFIRMED, NOON, NOTES, note, post_notes


def rows(app: Flask, model: Any = NoConnectionNote) -> int:
    with app.app_context():
        return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def outcomes(answer: Any) -> list[str]:
    return [result["outcome"] for result in answer.json["results"]]


def errors(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json["errors"]]


def test_a_note_is_stored_and_never_counted(app: Flask, client: FlaskClient) -> None:
    headers, sent = register(client), note()
    answer = post_notes(client, headers, sent)
    assert answer.status_code == 201
    unit = {"code": "05443", "name": "Phường Trưng Vương", "province": "Tỉnh Thái Nguyên"}
    assert answer.json == {
        "id": sent["id"], "outcome": "accepted", "assurance": "claimed", "day": "2024-11-20",
        "unit": answer.json["unit"], "repeats": False, "server_down": False,
    }  # fmt: skip
    assert set(answer.json["unit"]) == set(unit)
    assert rows(app) == 1 and rows(app, Measurement) == rows(app, unit_months) == 0
    coverage = client.get("/api/v1/coverage?month=2024-11&level=province").json
    assert all(item["received"] == 0 for item in coverage["items"])
    assert client.get("/api/v1/measurements", headers=headers).json["items"] == []
    listed = client.get(NOTES, headers=headers).json
    assert listed["next"] is None
    assert [one["id"] for one in listed["items"]] == [sent["id"]]
    assert listed["items"][0]["operator"] == "Viettel" and listed["items"][0]["attempts"] == 3


def test_a_phone_agrees_to_notes_before_its_first_one(app: Flask, client: FlaskClient) -> None:
    """The first consent text named no notes; samples of such a phone are taken as before."""
    headers, sent = register(client), note()
    with app.app_context():
        db.session.execute(update(Device).values(consent_version="1"))
        db.session.commit()
    refused = post_notes(client, headers, sent)
    assert (refused.status_code, refused.json["code"]) == (403, "notes_not_agreed")
    assert rows(app) == rows(app, Receipt) == rows(app, RejectedBody) == 0
    answer = post(client, headers, sample())
    assert answer.status_code == 201 and answer.json["consent_outdated"] is True
    agreed = client.post("/api/v1/devices/me/consents", json={"consent": CONSENT}, headers=headers)
    assert agreed.status_code == 201
    assert post_notes(client, headers, sent).status_code == 201


def test_ids_make_a_note_exactly_once(app: Flask, client: FlaskClient) -> None:
    headers, other, sent = register(client), register(client), note()
    assert post_notes(client, headers, sent).status_code == 201
    again = post_notes(client, headers, sent | {"id": sent["id"].upper()})
    assert (again.status_code, again.json["outcome"]) == (200, "duplicate")
    assert again.json["id"] == sent["id"].upper() and again.json["repeats"] is False
    changed = post_notes(client, headers, sent | {"comment": "khác"})
    assert (changed.status_code, changed.json["outcome"]) == (409, "conflict")
    stranger = post_notes(client, other, sent)
    assert (stranger.status_code, stranger.json["outcome"]) == (409, "conflict")
    assert "unit" not in stranger.json
    assert rows(app) == rows(app, Receipt) == 1


def test_one_note_a_device_cell_and_day(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    headers, other = register(client), register(client)
    first, again = note(), note(NOON + timedelta(minutes=10))
    elsewhere = note(NOON + timedelta(hours=1), location=location(**THERE))
    answer = post_notes(client, headers, first, again, elsewhere)
    assert outcomes(answer) == ["accepted"] * 3
    assert [result["repeats"] for result in answer.json["results"]] == [False, True, False]
    resent = post_notes(client, headers, again)
    assert (resent.json["outcome"], resent.json["repeats"]) == ("duplicate", True)
    assert post_notes(client, headers, again | {"comment": "khác"}).status_code == 409
    assert post_notes(client, other, note()).json["repeats"] is False
    clock.now += timedelta(days=1)
    tomorrow = post_notes(client, headers, note(NOON + timedelta(days=1)))
    assert tomorrow.json["repeats"] is False
    assert rows(app) == 4 and rows(app, Receipt) == 5


def test_a_batch_answers_note_by_note(app: Flask, client: FlaskClient) -> None:
    headers, good = register(client), note()
    bad = note(confirmed=CONFIRMED | {"data_left": False})
    answer = post_notes(client, headers, good, bad, good, "x")  # type: ignore[arg-type]
    assert outcomes(answer) == ["accepted", "rejected", "duplicate", "rejected"]
    counts = {name: answer.json[name] for name in ("accepted", "duplicate", "conflict", "rejected")}
    assert counts == {"accepted": 1, "duplicate": 1, "conflict": 0, "rejected": 2}
    assert rows(app, RejectedBody) == 2
    corrected = bad | {"confirmed": CONFIRMED}
    assert post_notes(client, headers, corrected).json["outcome"] == "accepted"  # the id is free


LATE = NOON + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"id": "7"}, "id", "not_uuid"),
        ({"attempts": [NOON.isoformat()] * 3}, "attempts", "attempts_order"),
        (
            {"attempts": [(NOON + timedelta(seconds=s)).isoformat() for s in (0, 20, 50)]},
            "attempts",
            "attempts_span",
        ),
        (
            {"attempts": [(NOON + timedelta(hours=h)).isoformat() for h in (-2, -1, 0)]},
            "attempts",
            "attempts_span",
        ),
        ({"confirmed": CONFIRMED | {"data_on": False}}, "confirmed.data_on", "not_confirmed"),
        ({"location": HERE}, "location", "position_missing"),
        ({"location": location(latitude=0, longitude=0)}, "location", "position_default"),
        ({"location": location(accuracy_m=501)}, "location.accuracy_m", "note_position_coarse"),
        ({"location": location(accuracy_m=2_001)}, "location", "position_coarse"),
        ({"location": location(is_mock=True)}, "location.is_mock", "mock_position"),
        ({"location": location(latitude=12.0, longitude=114.5)}, "location", "outside_communes"),
        (
            {"location": location(fixed_at=(NOON - timedelta(minutes=6)).isoformat())},
            "location.fixed_at",
            "note_fix_stale",
        ),
        ({"network": {"mcc": "460"}}, "network.mcc", "foreign_network"),
        ({"more": "x" * 6_000}, "", "note_too_large"),
    ],
)  # fmt: skip
def test_a_rejected_note_names_field_and_reason(
    app: Flask, client: FlaskClient, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = post_notes(client, register(client), note(**changes))
    assert answer.status_code == 422
    assert (field, code) in errors(answer)
    assert all(error["message"] != error["code"] for error in answer.json["errors"])
    assert rows(app) == 0 and rows(app, RejectedBody) == 1


@pytest.mark.parametrize(
    ("off", "code"),
    [
        (timedelta(minutes=12), "in_future"),
        (timedelta(days=-61), "note_too_old"),
        (timedelta(days=-3), "note_before_registration"),
    ],
)
def test_times_that_cannot_be(
    app: Flask, client: FlaskClient, clock: FakeClock, off: timedelta, code: str
) -> None:
    headers = register(client, timedelta(days=2 if "registration" in code else 90))
    answer = post_notes(client, headers, note(clock.now + off))
    assert errors(answer) == [("attempts", code)]


def test_a_wrong_clock_is_corrected_by_the_time_of_sending(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    ahead = timedelta(hours=3)
    sent = {"notes": [note(clock.now + ahead)], "sent_at": (clock.now + ahead).isoformat()}
    sent["notes"][0]["attempts"] = [  # type: ignore[index]
        (clock.now + ahead - timedelta(seconds=s)).isoformat() for s in (100, 50, 20)
    ]
    answer = client.post(NOTES, json=sent, headers=register(client))
    assert outcomes(answer) == ["accepted"]
    with app.app_context():
        stored = db.session.scalars(select(NoConnectionNote)).one()
        assert stored.noted_at == clock.now - timedelta(seconds=20)
        assert stored.skew_s == -ahead.total_seconds()


@pytest.mark.parametrize("body", [{"notes": []}, {"notes": 7}, {"notes": [{}] * 101}])
def test_batches_have_one_to_a_hundred_notes(client: FlaskClient, body: Any) -> None:
    answer = client.post(NOTES, json=body, headers=register(client))
    assert answer.status_code == 422 and errors(answer)[0][0] == "notes"


def test_pages_of_own_notes(client: FlaskClient) -> None:
    headers = register(client)
    cells = sorted(h3.grid_disk(rules.cell_of(**HERE), 1))[:3]
    places = [
        dict(zip(("latitude", "longitude"), h3.cell_to_latlng(c), strict=True)) for c in cells
    ]
    sent = [
        note(NOON - timedelta(hours=hours), location=location(**place))
        for hours, place in enumerate(places)
    ]
    assert outcomes(post_notes(client, headers, *sent)) == ["accepted"] * 3
    page = client.get(f"{NOTES}?limit=2", headers=headers).json
    rest = client.get(f"{NOTES}?limit=2&cursor={page['next']}", headers=headers).json
    ids = [one["id"] for one in (*page["items"], *rest["items"])]
    assert ids == [one["id"] for one in sent] and rest["next"] is None
    assert client.get(f"{NOTES}?cursor=x", headers=headers).status_code == 422


# Abuse


def test_a_device_has_a_most_of_notes_a_day(app: Flask, client: FlaskClient) -> None:
    headers = register(client)
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(21.87, 105.60, 8), 3))[: rules.MAX_DAILY + 1]
    places = [
        dict(zip(("latitude", "longitude"), h3.cell_to_latlng(c), strict=True)) for c in cells
    ]
    answer = post_notes(client, headers, *(note(location=location(**place)) for place in places))
    assert outcomes(answer) == ["accepted"] * rules.MAX_DAILY + ["rejected"]
    assert answer.json["results"][-1]["errors"][0]["code"] == "note_day_full"
    yesterday = note(NOON - timedelta(days=1), location=location(**places[-1]))
    assert post_notes(client, headers, yesterday).json["outcome"] == "accepted"


def test_an_address_has_a_most_of_notes_an_hour(client: FlaskClient, clock: FakeClock) -> None:
    headers, sent = register(client), [note()] * 100
    answers = [post_notes(client, headers, *sent) for _ in range(rules.MAX_HOURLY // 100 + 1)]
    assert [one.status_code for one in answers] == [200] * (rules.MAX_HOURLY // 100) + [429]
    assert int(answers[-1].headers["Retry-After"]) <= 3_601
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert post_notes(client, headers, note(), environ_base=elsewhere).status_code == 201
    clock.now += timedelta(hours=1)
    assert post_notes(client, headers, note(clock.now)).json["outcome"] == "accepted"


def test_phones_of_one_address_share_a_network(app: Flask, client: FlaskClient) -> None:
    owners = [register(client) for _ in range(3)]
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    for headers in owners[:2]:
        assert post_notes(client, headers, note()).status_code == 201
    assert post_notes(client, owners[2], note(), environ_base=elsewhere).status_code == 201
    far = note(location=location(latitude=21.87, longitude=105.60))
    assert post_notes(client, owners[2], far).status_code == 201
    with app.app_context():
        shared = select(NoConnectionNote.shared_network).order_by(NoConnectionNote.shared_network)
        assert db.session.scalars(shared).all() == [False, False, False, True]


def test_a_note_and_a_sample_may_have_one_id(client: FlaskClient) -> None:
    headers, sent = register(client), note()
    assert post_notes(client, headers, sent).status_code == 201
    tested = sample((NOON - timedelta(hours=1)).isoformat(), id=sent["id"])
    assert post(client, headers, tested).status_code == 201


# Rules


@given(st.lists(st.integers(0, 7_200), min_size=3, max_size=50))
def test_attempts_are_in_order_and_span_a_minute_to_an_hour(seconds: list[int]) -> None:
    code = rules.attempts_problem([NOON + timedelta(seconds=one) for one in seconds])
    in_order = all(one < other for one, other in pairwise(seconds))
    good = in_order and 60 <= seconds[-1] - seconds[0] <= 3_601
    assert (code is None) == good


def test_equal_ids_at_the_same_time_conflict(app: Flask, client: FlaskClient) -> None:
    """Of two devices that send one id, one gets it and the other a conflict, in either order."""
    sent = note(id=str(uuid.uuid4()))
    answers = [post_notes(client, register(client), sent).status_code for _ in range(2)]
    assert answers == [201, 409]
