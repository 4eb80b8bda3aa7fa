"""A withdrawn sample cannot be sent again: neither its id nor its content, by any phone."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.privacy.tombstones import TOMBSTONES, Tombstones
from backend.measurements.privacy.withdrawal import withdraw_again
from backend.measurements.recording import replays
from backend.measurements.recording.counting import differences
from backend.measurements.recording.earning_sums import differences as team_differences
from tests.support.clock import FakeClock
from tests.support.factories import location, network, post, register, sample
from tests.support.people import add_membership, campaign, organisation, team, unit_id

ME = "/api/v1/devices/me"
COVERAGE = "/api/v1/coverage?month=2024-11&parent=19&level=commune&network=mobile"


def mock_samples(n: int) -> list[dict[str, Any]]:
    """Samples at least 200 m apart, all of them counted under rule set 1."""
    return [
        sample(
            f"2024-11-15T09:{number:02}:33+07:00",
            location=location(latitude=21.58 + number * 0.002, is_mock=True),
        )
        for number in range(n)
    ]


def counted(client: FlaskClient) -> int:
    return int(client.get(COVERAGE).json["summary"]["counted"])


def digests(app: Flask) -> list[Any]:
    with app.app_context():
        return list(db.session.execute(text("select digest, expires_on from withdrawn_digests")))


def outcomes(answer: Any) -> set[str]:
    return {one["outcome"] for one in answer.json["results"]}


@pytest.mark.slow
def test_to_post_withdraw_and_post_again_gains_nothing(app: Flask, client: FlaskClient) -> None:
    """Of the review: three turns of the same bodies counted 2, 32, 62, 92."""
    honest = register(client)
    for at in ("2024-11-15T09:12:33+07:00", "2024-11-16T09:12:33+07:00"):
        post(client, honest, sample(at))
    bodies, found = mock_samples(10), [counted(client)]
    for turn in range(3):
        headers = register(client)
        answer = post(client, headers, *bodies)
        assert outcomes(answer) == ({"conflict"} if turn else {"accepted"})
        assert client.delete(ME, headers=headers).status_code == 200
        found.append(counted(client))
        bodies = [body | {"id": str(uuid4())} for body in bodies]  # other ids, same contents
    assert found == [2, 2, 2, 2]
    with app.app_context():
        assert differences() == team_differences() == []


def test_the_answer_to_a_replay_has_a_code(client: FlaskClient) -> None:
    body = sample()
    headers = register(client)
    post(client, headers, body)
    client.delete(ME, headers=headers)
    other = register(client) | {"Accept-Language": "en"}
    changed_id, changed_content = body | {"id": str(uuid4())}, body | {"ping_ms": 22.0}
    for one in (body, changed_id, changed_content, body):
        answer = post(client, other, one)
        assert answer.status_code == 409
        assert (answer.json["code"], answer.json["outcome"]) == ("conflict", "conflict")
        assert answer.json["errors"][0]["code"] == "withdrawn_before"
    [single] = post(client, other, body, sample("2024-11-16T09:00:00+07:00")).json["results"][:1]
    assert single["errors"] == [
        {
            "field": "id",
            "code": "withdrawn_before",
            "message": "This sample was withdrawn; it cannot be sent again.",
        }
    ]
    checked = client.post(
        "/api/v1/measurements/check", json={"ids": [body["id"]]}, headers=other
    ).json
    assert checked["missing"] == [body["id"]]


def test_samples_of_other_people_are_taken(client: FlaskClient) -> None:
    headers = register(client)
    failed = sample(status="failed", location=None, network=network(mcc=None, mnc=None))
    post(client, headers, sample(), failed)
    client.delete(ME, headers=headers)
    other = register(client)
    assert post(client, other, sample(download_mbps=48.3)).json["counted"] is True
    again = failed | {"id": str(uuid4())}  # by chance equal: a failed test has no values
    assert post(client, other, again).status_code == 201


def test_an_import_of_a_withdrawn_sample_is_a_conflict(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    headers, body = register(client), sample()
    post(client, headers, body)
    client.delete(ME, headers=headers)
    path = tmp_path / "rows.ndjson"
    path.write_text(json.dumps(body))
    words = ["measurements", "import", str(path), "--format", "ndjson"]
    output = app.test_cli_runner().invoke(args=words).output
    assert "conflict: 1" in output and "This sample was withdrawn" in output


def test_digests_do_not_tell_of_a_withdrawal(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    bodies = [sample(f"2024-11-15T{hour:02}:00:00+07:00") for hour in range(8, 12)]
    for days, body in enumerate(bodies):
        clock.now = datetime(2024, 11, 18, 5, tzinfo=UTC) + timedelta(days=days)
        headers = register(client)
        post(client, headers, body)
        client.delete(ME, headers=headers)
    kept = digests(app)
    assert len(kept) == 8
    assert {expires for _, expires in kept} == {date(2025, 1, 19), date(2025, 1, 26)}
    assert not {UUID(body["id"]).bytes for body in bodies} & {bytes(one) for one, _ in kept}


@pytest.mark.parametrize(
    ("at", "last"),
    [(datetime(2024, 11, 20, tzinfo=UTC), date(2025, 1, 26)),
     (datetime(2024, 11, 19, tzinfo=UTC), date(2025, 1, 19))],
)  # fmt: skip
def test_digests_expire_on_a_sunday(at: datetime, last: date) -> None:
    assert replays.expiry(at) == last and last.isoweekday() == 7


def test_digests_are_deleted_when_the_samples_are_too_old(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers, body = register(client), sample()
    post(client, headers, body)
    client.delete(ME, headers=headers)
    last = datetime(2025, 1, 26, 16, tzinfo=UTC)
    for now, left in ((last, 2), (last + timedelta(hours=2), 0)):
        clock.now = now
        done = app.test_cli_runner().invoke(args=["privacy", "expire"])
        assert done.exit_code == 0, done.output
        assert len(digests(app)) == left
        answer = post(client, register(client), body)
        code = answer.json["errors"][0]["code"]
        assert code == ("withdrawn_before" if left else "too_old")


def test_old_samples_need_no_digest(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    headers = register(client)
    post(client, headers, sample())
    clock.now += timedelta(days=70)
    client.delete(ME, headers=headers)
    assert digests(app) == []


def test_earnings_of_removed_samples_leave_the_team(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    group = organisation(app)
    one = team(app, group, "A")
    of = campaign(app, group, unit_id(app, "19", level="province"))
    phone = register(client)
    add_membership(app, phone, of, one, datetime(2024, 11, 9, tzinfo=UTC))
    post(client, phone, sample("2024-11-15T09:00:00+07:00"))
    clock.now += timedelta(days=7, seconds=1)
    post(client, phone, sample("2024-11-25T09:00:00+07:00"))
    client.delete(ME, headers=phone)
    with app.app_context():
        days = db.session.execute(text("select day, volunteer_id, category from earnings")).all()
        assert [tuple(row) for row in days] == [(date(2024, 11, 15), None, "counted")]
        assert differences() == team_differences() == []
        summed = "select sum(received) from member_months"
        assert db.session.execute(text(summed)).scalar_one() == 1


def test_a_restored_backup_loses_what_the_withdrawal_removed(
    app: Flask, client: FlaskClient, clock: FakeClock, tmp_path: Path
) -> None:
    """The time of the withdrawal decides, not that of the restore."""
    headers, body = register(client), sample()
    post(client, headers, body)
    device = UUID(client.get(ME, headers=headers).json["id"])
    tombstones = Tombstones(tmp_path / TOMBSTONES, app.config["SECRET_KEY"])
    tombstones.add(device, clock.now + timedelta(days=1))
    clock.now += timedelta(days=30)
    with app.app_context():
        assert withdraw_again(tombstones, clock.now) == 1
    assert client.get(COVERAGE).json["summary"]["received"] == 0
    assert {expires for _, expires in digests(app)} == {date(2025, 1, 26)}
    assert post(client, register(client), body).json["errors"][0]["code"] == "withdrawn_before"
