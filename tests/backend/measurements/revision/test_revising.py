"""Stored rows are judged, placed and counted again at will, and counts follow."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from backend.database.extensions import db
from tests.support.clock import FakeClock
from tests.support.factories import location, post, register, sample


def run(app: Flask, *words: str) -> tuple[int, str]:
    """Run a command as the operator would; its exit status and what it printed."""
    result = app.test_cli_runner().invoke(args=list(words))
    return result.exit_code, result.output


def counted(client: FlaskClient) -> int:
    answer = client.get("/api/v1/coverage?month=2024-11&parent=19")
    return int(answer.json["summary"]["counted"])


def test_recount_finds_what_a_hand_changed(app: Flask, client: FlaskClient) -> None:
    post(client, register(client), sample())
    assert run(app, "measurements", "recount") == (0, "differences: 0\n")
    with app.app_context():
        db.session.execute(text("update unit_days set received = received + 1"))
        db.session.execute(text("update unit_months set claimed = claimed - 1, repeat = 2"))
        [version] = db.session.execute(text("select version from unit_months")).scalars()
        db.session.commit()
    status, shown = run(app, "measurements", "recount")
    assert status == 1 and "received: stored 2, rows 1" in shown
    assert "claimed: stored 0, rows 1" in shown and "repeat: stored 2, rows 0" in shown
    assert run(app, "measurements", "recount", "--repair")[0] == 1  # it differed
    assert run(app, "measurements", "recount") == (0, "differences: 0\n")
    with app.app_context():  # tags of answers change
        [repaired] = db.session.execute(text("select version from unit_months")).scalars()
    assert repaired > version


def test_recount_finds_a_row_that_vanished(app: Flask, client: FlaskClient, owner: Engine) -> None:
    post(client, register(client), sample())
    with owner.begin() as connection:
        connection.execute(text("delete from measurements"))
    assert run(app, "measurements", "recount")[0] == 1


def test_excluding_one_lets_the_next_count(app: Flask, client: FlaskClient) -> None:
    headers = register(client)
    first = sample("2024-11-15T09:00:00+07:00")
    second = sample("2024-11-15T10:00:00+07:00")
    post(client, headers, first, second)
    status, shown = run(app, "measurements", "exclude", first["id"], "--reason", "test bench")
    assert status == 0, shown
    page = client.get("/api/v1/measurements", headers=headers).json["items"]
    assert [[one["code"] for one in item["reasons"]] for item in page] == [[], ["excluded"]]
    assert counted(client) == 1
    assert run(app, "measurements", "recount")[0] == 0
    with app.app_context():
        act = db.session.execute(text("select act, details from audit")).one()
    assert act.act == "exclude" and act.details == {"reason": "test bench"}


def test_an_exclusion_survives_rejudging(app: Flask, client: FlaskClient) -> None:
    body = sample()
    headers = register(client)
    post(client, headers, body)
    run(app, "measurements", "exclude", body["id"], "--reason", "x")
    assert "verdicts changed: 0" in run(app, "measurements", "rejudge", "--month", "2024-11")[1]
    assert counted(client) == 0


def test_rejudging_mends_a_verdict_that_was_tampered_with(app: Flask, client: FlaskClient) -> None:
    post(client, register(client), sample(), sample("2024-11-15T10:00:00+07:00"))
    with app.app_context():
        db.session.execute(
            text("update measurements set reasons = '{repeat}', counted = false where counted")
        )
        db.session.commit()
    assert "verdicts changed: 1" in run(app, "measurements", "rejudge", "--month", "2024-11")[1]
    assert run(app, "measurements", "recount")[0] == 1  # the hand did not change the counts


def test_reassign_moves_a_row_to_where_it_lies(app: Flask, client: FlaskClient) -> None:
    headers = register(client)
    body = sample()
    shown = post(client, headers, body).json
    with app.app_context():  # as if another set had placed it elsewhere
        other = db.session.execute(
            text("select id from units where system = '2024' and code = '00001'")
        ).scalar_one()
        db.session.execute(text("update measurements set unit_id = :unit"), {"unit": other})
        for table in ("unit_months", "unit_days"):
            db.session.execute(text(f"update {table} set unit_id = :unit"), {"unit": other})
        db.session.commit()
    assert counted(client) == 0
    assert "moved to another commune: 1" in run(app, "measurements", "reassign")[1]
    assert counted(client) == 1
    assert "moved to another commune: 0" in run(app, "measurements", "reassign")[1]
    again = client.get(f"/api/v1/measurements/{body['id']}", headers=headers).json
    assert again["unit"] == shown["unit"]
    assert run(app, "measurements", "recount")[0] == 0


def test_stripped_rows_keep_their_unit_and_are_told(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers = register(client)
    post(client, headers, sample())
    clock.now += timedelta(days=8)
    client.delete("/api/v1/devices/me", headers=headers)
    assert "coarsened or stripped, left: 1" in run(app, "measurements", "reassign")[1]
    assert counted(client) == 1
    assert run(app, "measurements", "recount")[0] == 0


def test_what_does_not_exist_cannot_be_excluded(app: Flask) -> None:
    status, shown = run(app, "measurements", "exclude", str(uuid.uuid4()), "--reason", "x")
    assert status == 1 and "Not found." in shown


def test_excluding_twice_changes_nothing_more(app: Flask, client: FlaskClient) -> None:
    body = sample()
    post(client, register(client), body)
    for _ in range(2):
        assert run(app, "measurements", "exclude", body["id"], "--reason", "x")[0] == 0
    assert counted(client) == 0
    assert run(app, "measurements", "recount")[0] == 0


def test_excluding_keeps_typed_results_counted_where_a_setting_says_so(
    app: Flask, client: FlaskClient
) -> None:
    app.config["COUNT_MANUAL"] = True
    headers, other = register(client), sample("2024-11-15T15:00:00+07:00")
    post(client, headers, sample(source="manual"), other)
    assert counted(client) == 2
    run(app, "measurements", "exclude", other["id"], "--reason", "x")
    assert counted(client) == 1


@pytest.mark.parametrize("month", ["2024-13", ""])
def test_a_month_that_is_none_is_refused(app: Flask, month: str) -> None:
    status, shown = run(app, "measurements", "rejudge", "--month", month)
    assert status == 2 and f"{month!r} is not a month" in shown


def test_outside_rows_are_unlocated(app: Flask, client: FlaskClient) -> None:
    post(client, register(client), sample(location=location(latitude=48.85, longitude=2.35)))
    summary = client.get("/api/v1/coverage?month=2024-11").json["summary"]
    assert summary["unlocated"]["outside_communes"] == 1 and summary["received"] == 0
    assert run(app, "measurements", "recount")[0] == 0
