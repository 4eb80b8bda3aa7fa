"""flask privacy expire: positions lose their precision, then are gone; verdicts and counts stay."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text, update

from backend.database.extensions import db
from backend.devices.models import Device
from backend.measurements.recording.counting import differences
from backend.measurements.recording.models import ExpiredDay, Measurement, RejectedBody
from backend.witness.models import TicketRow
from tests.support import factories
from tests.support.daily_counts import add_counts
from tests.support.devices import bearer, measurement_row, register_earlier, sample
from tests.support.speed_tests import witnessed

MEASUREMENTS = "/api/v1/measurements"
AT = datetime(2024, 11, 20, 7, 0, tzinfo=UTC)
EXACT, COARSE = (21.5942, 105.8482), (21.594, 105.848)


@pytest.fixture
def phone(client: FlaskClient, clock: Any) -> dict[str, Any]:
    """Three tests: one counted, one repeated, one the next day."""
    clock.now = AT + timedelta(days=1, hours=1)
    mine = register_earlier(client)
    for hours in (0, 1, 24):
        send(client, mine, sample(AT + timedelta(hours=hours)))
    return mine


def send(client: FlaskClient, phone: dict[str, Any], body: Any) -> Any:
    answer = client.post(MEASUREMENTS, json=body, headers=bearer(phone["token"]))
    assert answer.status_code == 201, answer.json
    return answer.json


def expire(app: Flask) -> str:
    done = app.test_cli_runner().invoke(args=["privacy", "expire"])
    assert done.exit_code == 0, done.output
    return str(done.output)


def rows(app: Flask) -> list[Any]:
    with app.app_context():
        assert not differences()
        found = db.session.scalars(select(Measurement).order_by(Measurement.measured_at)).all()
        db.session.expunge_all()
        return list(found)


def positions(app: Flask) -> list[tuple[float | None, float | None]]:
    return [(row.latitude, row.longitude) for row in rows(app)]


def test_precision_goes_first_then_the_position(
    app: Flask, client: FlaskClient, clock: Any, phone: dict[str, Any]
) -> None:
    before = [(row.unit_id, row.reasons, row.counted, row.measured_at) for row in rows(app)]
    clock.now = AT + timedelta(days=90)
    assert "coarsened: 0;" in expire(app)
    clock.now = AT + timedelta(days=91)
    assert "coarsened: 2; positions removed: 0;" in expire(app)
    assert positions(app) == [COARSE, COARSE, EXACT]
    assert [row.raw is None for row in rows(app)] == [True, True, False]
    clock.now = AT + timedelta(days=367)
    assert "coarsened: 1; positions removed: 2;" in expire(app)
    assert positions(app) == [(None, None)] * 3
    assert [row.accuracy_m for row in rows(app)] == [None] * 3
    after = [(row.unit_id, row.reasons, row.counted, row.measured_at) for row in rows(app)]
    assert after == before
    assert "coarsened: 0; positions removed: 0;" in expire(app)


def test_it_may_end_between_two_days_and_be_run_again(
    app: Flask, client: FlaskClient, clock: Any, phone: dict[str, Any]
) -> None:
    rows(app)
    clock.now = AT + timedelta(days=100)
    with app.app_context():  # as a run that died after the first day leaves it
        db.session.execute(insert(ExpiredDay), [{"day": AT.date(), "step": "coarsened"}])
        db.session.commit()
    assert "coarsened: 1;" in expire(app)
    assert positions(app) == [EXACT, EXACT, COARSE]


def test_what_comes_late_is_found_too(
    app: Flask, client: FlaskClient, clock: Any, phone: dict[str, Any]
) -> None:
    rows(app)
    clock.now = AT + timedelta(days=100)
    expire(app)
    with app.app_context():  # as versions before 2 stored it
        late = measurement_row(phone["id"], 0, measured_at=AT + timedelta(hours=3), day=AT.date())
        verdict = {"reasons": ["too_old"], "valid": False, "counted": False}
        db.session.execute(insert(Measurement), [late | verdict])
        db.session.commit()
        late = {"unit_id": None, "network": "mobile", "category": "too_old", "n": 1}
        add_counts([late | {"day": AT.date()}])
        db.session.commit()
    assert positions(app)[2] == EXACT
    assert "coarsened: 1;" in expire(app)
    assert positions(app) == [COARSE] * 4


def test_verdicts_stand_though_the_position_that_was_judged_is_gone(
    app: Flask, client: FlaskClient, clock: Any, phone: dict[str, Any]
) -> None:
    """89 m apart is a repeat; 111 m, as rounded, would be none, and a long batch judges again."""
    near = sample(AT + timedelta(hours=26))
    near["location"]["latitude"] = 21.5950
    clock.now = AT + timedelta(hours=27)
    send(client, phone, near)
    before = [row.reasons for row in rows(app)]
    assert before == [[], ["repeat"], [], ["repeat"]]
    app.config["COARSEN_AFTER_DAYS"] = 30
    clock.now = AT + timedelta(days=50)
    expire(app)
    batch = {"measurements": [sample(AT + timedelta(hours=23)), sample(clock.now)]}
    answer = client.post(MEASUREMENTS, json=batch, headers=bearer(phone["token"]))
    assert [one["outcome"] for one in answer.json["results"]] == ["accepted"] * 2
    after = {row.measured_at: row.reasons for row in rows(app)}
    assert after[AT + timedelta(hours=26)] == ["repeat"]


def test_a_demos_phones_and_young_bodies_are_left_alone(
    app: Flask, client: FlaskClient, clock: Any, phone: dict[str, Any]
) -> None:
    rows(app)
    with app.app_context():
        db.session.execute(update(Device).values(demo=True))
        refused = {"body": "{}", "errors": []}
        young = {"received_at": AT + timedelta(days=200), **refused}
        db.session.execute(insert(RejectedBody), [{"received_at": AT, **refused}, young])
        db.session.commit()
    clock.now = AT + timedelta(days=250)
    assert "coarsened: 0; positions removed: 0; refused bodies deleted: 1" in expire(app)
    assert positions(app) == [EXACT] * 3


def test_the_audit_log_tells_how_much(
    app: Flask, client: FlaskClient, clock: Any, phone: dict[str, Any]
) -> None:
    rows(app)
    clock.now = AT + timedelta(days=91)
    expire(app)
    expire(app)  # nothing to do: nothing to tell
    with app.app_context():
        entries = db.session.execute(
            text("select details from audit where act = 'privacy.expire'")
        ).scalars()
        assert list(entries) == [
            {
                "coarsened": 2,
                "removed": 0,
                "refused": 0,
                "tickets": 0,
                "prefixes": 0,
                "notes": 0,
                "events": 0,
                "drafts": 0,
                "contacts": 0,
                "digests": 0,
                "notices": 0,
                "usage": 0,
                "before": str(date(2024, 11, 21)),
            }
        ]


def test_only_days_with_measurements_are_expired(
    app: Flask, client: FlaskClient, clock: Any, phone: dict[str, Any], tmp_path: Path
) -> None:
    """An import of 1990 leads to one more day for each step, not to 12,000."""
    path = tmp_path / "old.ndjson"
    path.write_text(json.dumps(sample(datetime(1990, 5, 1, tzinfo=UTC))))
    words = ["measurements", "import", str(path), "--format", "ndjson"]
    assert "accepted: 1" in app.test_cli_runner().invoke(args=words).output
    rows(app)
    clock.now = AT + timedelta(days=400)
    expire(app)
    with app.app_context():
        days = db.session.scalars(select(ExpiredDay.day)).all()
    assert sorted(set(days)) == [date(1990, 5, 1), date(2024, 11, 20), date(2024, 11, 21)]


def test_an_import_of_what_was_typed_in_long_ago_loses_its_precision_too(
    app: Flask, client: FlaskClient, clock: Any, phone: dict[str, Any], tmp_path: Path
) -> None:
    rows(app)
    clock.now = AT + timedelta(days=100)
    expire(app)
    path = tmp_path / "typed.ndjson"
    typed = [sample(AT + timedelta(hours=5)) | {"source": name} for name in ("manual", "app")]
    path.write_text("\n".join(map(json.dumps, typed)))
    words = ["measurements", "import", str(path), "--format", "ndjson"]
    assert "accepted: 2" in app.test_cli_runner().invoke(args=words).output
    assert positions(app).count(EXACT) == 2
    assert "coarsened: 2;" in expire(app)
    assert positions(app) == [COARSE] * 5


def test_prefixes_are_forgotten_after_a_week_and_tickets_once_no_sample_can_come(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    headers = factories.register(client)
    test = witnessed(client, headers)
    body = factories.sample(clock.now.isoformat(), test=test, download_mbps=1, upload_mbps=1)
    assert factories.post(client, headers, body).json["assurance"] == "witnessed"
    with app.app_context():
        assert db.session.scalars(select(TicketRow.prefix)).one() is not None
    clock.now += timedelta(days=7)
    assert "network prefixes deleted: 0" in expire(app)
    clock.now += timedelta(minutes=1)
    assert "tickets deleted: 0; network prefixes deleted: 1" in expire(app)
    clock.now += timedelta(days=55)
    assert "tickets deleted: 1" in expire(app)
    with app.app_context():
        assert db.session.scalars(select(Measurement.assurance)).one() == "witnessed"
