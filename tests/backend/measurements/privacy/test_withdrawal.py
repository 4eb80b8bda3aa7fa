"""DELETE /api/v1/devices/me and POST /api/v1/withdrawals: a person goes, the counts stay."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from backend.database.extensions import db
from backend.devices.models import Consent, Device
from backend.measurements.privacy import withdrawal
from backend.measurements.recording.counting import differences
from backend.measurements.recording.earning_sums import differences as team_differences
from backend.measurements.recording.models import (
    Exclusion,
    Measurement,
    Receipt,
    RejectedBody,
)
from tests.support.clock import FakeClock
from tests.support.devices import (
    AT,
    CONSENT,
    DEVICES,
    ME,
    bearer,
    register,
    register_earlier,
    sample,
    store_measurements,
)

MEASUREMENTS, WITHDRAWALS = "/api/v1/measurements", "/api/v1/withdrawals"
COVERAGE = "/api/v1/coverage?month=2024-11&parent=19&level=commune&network=mobile"

STRIPPED = {
    "device_id", "received_at", "measured_at", "skew_s", "latitude", "longitude", "accuracy_m",
    "candidates", "data_cap_mb", "raw",
}  # fmt: skip
WEEK = timedelta(days=7)


@pytest.fixture
def later(clock: FakeClock) -> None:
    """A time at which the samples of `store_measurements` are older than a week."""
    clock.now = AT + WEEK + timedelta(hours=1)


def stored(app: Flask, model: Any) -> list[dict[str, Any]]:
    with app.app_context():
        rows = db.session.execute(select(*model.__table__.columns)).mappings()
        return [dict(row) for row in rows]


@pytest.mark.usefixtures("later")
def test_withdrawing_tells_what_went_and_what_stays(app: Flask, client: FlaskClient) -> None:
    mine = register(client)
    store_measurements(app, mine["id"])
    answer = client.delete(ME, headers={**bearer(mine["token"]), "Accept-Language": "en"})
    assert answer.status_code == 200
    assert answer.json["removed"] == {
        "devices": 1,
        "consents": 1,
        "measurements": 0,
        "receipts": 3,
        "refused": 1,
        "no_connection_notes": 0,
        "positions": 2,
    }
    assert answer.json["kept"] == {"anonymous_measurements": 3}
    assert "anonymous" in answer.json["explanation"]
    assert client.get(ME, headers=bearer(mine["token"])).status_code == 401
    assert client.delete(ME, headers=bearer(mine["token"])).status_code == 401


@pytest.mark.usefixtures("later")
def test_nothing_of_the_person_is_left(app: Flask, client: FlaskClient) -> None:
    mine = register(client)
    ids = store_measurements(app, mine["id"])
    client.delete(ME, headers=bearer(mine["token"]))
    for model in (Device, Consent, Receipt, RejectedBody):
        assert stored(app, model) == []
    rows = stored(app, Measurement)
    assert not {row["id"] for row in rows} & set(ids)
    assert {row[name] for row in rows for name in STRIPPED} == {None}
    with app.app_context():  # SQL's null, not JSON's
        assert db.session.scalar(select(func.count()).where(Measurement.raw.is_(None))) == 3


@pytest.mark.usefixtures("later")
def test_what_is_counted_stays_and_is_shown_as_withdrawn(app: Flask, client: FlaskClient) -> None:
    mine = register(client)
    store_measurements(app, mine["id"])
    before = stored(app, Measurement)
    client.delete(ME, headers=bearer(mine["token"]))
    counts = "sum(claimed), sum(withdrawn)"
    with app.app_context():
        moved = db.session.execute(text(f"select {counts} from unit_months")).one()
    assert moved == (-2, 2)  # the samples were stored without counts
    assert {row["marks"][-1] for row in stored(app, Measurement)} == {"withdrawn"}

    def anonymous(rows: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
        gone = STRIPPED | {"id", "marks"}
        return sorted(
            sorted((key, repr(value)) for key, value in row.items() if key not in gone)
            for row in rows
        )

    assert anonymous(stored(app, Measurement)) == anonymous(before)


@pytest.mark.usefixtures("later")
def test_an_exclusion_moves_along(app: Flask, client: FlaskClient) -> None:
    mine = register(client)
    store_measurements(app, mine["id"])
    client.delete(ME, headers=bearer(mine["token"]))
    (exclusion,) = stored(app, Exclusion)
    (excluded,) = [row for row in stored(app, Measurement) if not row["valid"]]
    assert exclusion["measurement_id"] == excluded["id"]
    assert exclusion["reason"] == "giả"


def test_another_device_is_not_touched(app: Flask, client: FlaskClient) -> None:
    mine, other = register(client), register(client)
    store_measurements(app, mine["id"])
    theirs = store_measurements(app, other["id"], n=2)
    client.delete(ME, headers=bearer(mine["token"]))
    assert client.get(ME, headers=bearer(other["token"])).status_code == 200
    kept = {row["id"] for row in stored(app, Measurement) if row["device_id"]}
    assert kept == set(theirs) == {row["id"] for row in stored(app, Receipt)}
    assert len(stored(app, RejectedBody)) == 1


def test_a_device_that_sent_nothing_withdraws(client: FlaskClient) -> None:
    answer = client.delete(ME, headers=bearer(register(client)["token"]))
    assert answer.json["kept"] == {"anonymous_measurements": 0}


@pytest.mark.usefixtures("later")
def test_withdrawing_at_once_is_done_once(app: Flask, client: FlaskClient) -> None:
    mine = register(client)
    store_measurements(app, mine["id"])

    def withdraw(_: int) -> int:
        return app.test_client().delete(ME, headers=bearer(mine["token"])).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(withdraw, range(8))) == [200] + [401] * 7
    assert len(stored(app, Measurement)) == 3


def test_posts_at_once_with_a_withdrawal_leave_no_trace(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    mine = register(client)
    samples = [sample(clock.now - timedelta(minutes=5 * minute)) for minute in range(40)]

    def act(turn: int) -> int:
        phone, headers = app.test_client(), bearer(mine["token"])
        if turn == 20:
            return phone.delete(ME, headers=headers).status_code
        return phone.post(MEASUREMENTS, json=samples[turn], headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(act, range(40)))
    assert answers[20] == 200
    assert set(answers) <= {200, 201, 401}
    assert stored(app, Measurement) == stored(app, Receipt) == []
    recount(app)


def recount(app: Flask) -> None:
    with app.app_context():
        assert differences() == team_differences() == []


def figures(client: FlaskClient) -> tuple[int, ...]:
    summary = client.get(COVERAGE).json["summary"]
    numbers = (summary[name] for name in ("received", "valid", "counted"))
    return *numbers, summary["by_assurance"]["withdrawn"]


def test_samples_of_the_last_week_leave_the_counts(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers = bearer(register_earlier(client)["token"])
    old = [sample(clock.now - timedelta(hours=hours)) for hours in (1, 2, 9)]
    client.post(MEASUREMENTS, json={"measurements": old}, headers=headers)
    clock.now += timedelta(minutes=1)
    edge = clock.now
    recent = [sample(clock.now - timedelta(days=days)) for days in (1, 2)]
    client.post(MEASUREMENTS, json={"measurements": recent}, headers=headers)
    assert figures(client) == (5, 5, 4, 0)
    clock.now = edge + WEEK - timedelta(seconds=1)
    answer = client.delete(ME, headers=headers).json
    assert answer["removed"]["measurements"] == 2 and answer["removed"]["receipts"] == 5
    assert answer["kept"] == {"anonymous_measurements": 3}
    assert figures(client) == (3, 3, 2, 2)
    recount(app)
    assert figures(client) == (3, 3, 2, 2)
    item = next(one for one in client.get(COVERAGE).json["items"] if one["received"])
    assert (item["counted"], item["by_assurance"]["withdrawn"]) == (2, 2)


def test_decisions_on_removed_samples_are_removed_too(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    mine = register(client)
    store_measurements(app, mine["id"])
    clock.now = AT + timedelta(days=1)
    client.delete(ME, headers=bearer(mine["token"]))
    assert stored(app, Exclusion) == stored(app, Measurement) == []


def test_the_id_of_a_withdrawn_device_may_register_anew(client: FlaskClient) -> None:
    mine = register(client)
    client.delete(ME, headers=bearer(mine["token"]))
    assert client.post(DEVICES, json={"consent": CONSENT, "id": mine["id"]}).status_code == 201


# By the code


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("written", [str, str.lower, lambda code: code.replace("-", " ")])
def test_the_code_withdraws_without_the_app(app: Flask, client: FlaskClient, written: Any) -> None:
    mine = register(client)
    store_measurements(app, mine["id"])
    sent = {"withdrawal_code": written(mine["withdrawal_code"])}
    answer = client.post(WITHDRAWALS, json=sent)
    assert answer.status_code == 200
    assert answer.json["kept"] == {"anonymous_measurements": 3}
    assert client.get(ME, headers=bearer(mine["token"])).status_code == 401
    again = client.post(WITHDRAWALS, json=sent)
    assert (again.status_code, again.json["code"]) == (404, "withdrawal_code_unknown")


@pytest.mark.slow
def test_guesses_are_counted_by_address(
    client: FlaskClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawal, "WITHDRAWALS_PER_HOUR", 5)
    code = register(client)["withdrawal_code"]
    guess = {"withdrawal_code": "AAAA-AAAA-AAAA"}
    answers = [client.post(WITHDRAWALS, json=guess) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {404}
    refused = client.post(WITHDRAWALS, json={"withdrawal_code": code})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    clock.now += timedelta(hours=1)
    assert client.post(WITHDRAWALS, json={"withdrawal_code": code}).status_code == 200
