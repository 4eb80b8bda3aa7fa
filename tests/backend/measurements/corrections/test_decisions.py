"""An organiser's decision, and what happens to its measurements meanwhile and after."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.corrections import service as correcting
from backend.measurements.recording import counting, earnings
from tests.support.factories import post, register, sample
from tests.support.people import campaign, organisation, person, team, unit_id


class Cast:
    """Two teams of a campaign, and a sample of a phone that is in neither."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        union = organisation(app)
        self.first, self.second = team(app, union, "A"), team(app, union, "B")
        self.campaign = campaign(app, union, unit_id(app, "19", level="province"))
        self.organiser = person(app, "organiser", union)
        self.phone, self.sample = register(client), sample()
        post(client, self.phone, self.sample)

    def correct(self, team_id: int) -> Any:
        url = f"/api/v1/campaigns/{self.campaign}/corrections"
        body = {"measurements": [self.sample["id"]], "team_id": team_id, "reason": "đo hộ"}
        return self.app.test_client().post(url, json=body, headers=self.organiser)

    def withdraw(self) -> Any:
        return self.app.test_client().delete("/api/v1/devices/me", headers=self.phone)

    def corrections(self) -> list[tuple[Any, ...]]:
        asked = "select measurement_id::text, before_team_id, team_id from corrections order by id"
        with self.app.app_context():
            return [tuple(row) for row in db.session.execute(text(asked))]


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Let something else happen, once, after a decision has read what it is about."""
    read, left = correcting._choose, [happens]

    def chosen(*asked: Any) -> Any:
        found = read(*asked)
        if left:
            other = threading.Thread(target=left.pop())
            other.start()
            other.join()
        return found

    monkeypatch.setattr(correcting, "_choose", chosen)


def test_who_withdraws_meanwhile_leaves_no_id(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, cast.withdraw)
    answer = cast.correct(cast.first).json
    assert answer["measurements"] == 0
    assert cast.corrections() == []


def test_of_two_decisions_the_second_tells_what_the_first_did(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: cast.correct(cast.first))
    answer = cast.correct(cast.second).json
    mine = cast.sample["id"]
    assert cast.corrections() == [(mine, None, cast.first), (mine, cast.first, cast.second)]
    assert answer["before"] == [{"team_id": cast.first, "received": 1, "counted": 1}]


def test_a_correction_follows_the_verdict_of_a_phone_that_never_joined(
    cast: Cast, app: Flask, client: FlaskClient
) -> None:
    asked, mine = text("select category from earnings"), cast.sample["id"]
    assert cast.correct(cast.first).status_code == 200
    post(client, cast.phone, sample("2024-11-15T08:30:00+07:00"))  # late: the other repeats it
    with app.app_context():
        assert db.session.execute(asked).scalar_one() == "repeat"
    words = ["measurements", "exclude", mine, "--reason", "x"]
    assert app.test_cli_runner().invoke(args=words).exit_code == 0
    with app.app_context():
        assert db.session.execute(asked).scalar_one() == "excluded"
        assert counting.differences() == earnings.differences() == []
