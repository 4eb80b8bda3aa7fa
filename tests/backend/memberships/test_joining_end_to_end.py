"""A phone joins by a code and measures; its team's contribution rises: all through HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from backend.clock import utc_now
from tests.support.clock import FakeClock
from tests.support.factories import THERE, location, post, register, sample
from tests.support.joining import URL, join
from tests.support.people import campaign, organisation, person, team, unit_id
from tests.tools.phone_simulator import __main__ as command


class Cast:
    """An open campaign over the whole province, two teams with a code each, and its organiser."""

    def __init__(self, app: Flask, client: FlaskClient, **days: Any) -> None:
        self.client = client
        youth = organisation(app)
        self.one, self.two = team(app, youth, "Đội 1"), team(app, youth, "Đội 2")
        provinces = [unit_id(app, "19", system, "province") for system in ("2024", "2025")]
        self.campaign = campaign(app, youth, *provinces, **days)
        self.organiser = person(app, "organiser", youth)

    def code(self, team_id: int) -> str:
        url = f"/api/v1/campaigns/{self.campaign}/teams/{team_id}/join-code"
        answer = self.client.post(url, json={}, headers=self.organiser)
        assert answer.status_code == 201, answer.text
        return str(answer.json["code"])

    def received(self) -> dict[str, int]:
        """What each team has received, by its name."""
        url = f"/api/v1/campaigns/{self.campaign}/contributions"
        answer = self.client.get(url, headers=self.organiser)
        assert answer.status_code == 200, answer.text
        return {row["name"]: row["received"] for row in answer.json["items"] if row["received"]}


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    app.extensions["clock"] = utc_now
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.long
def test_the_simulated_phone_joins_and_its_team_earns(
    app: Flask, client: FlaskClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today = datetime.now(UTC).date()
    days = {"first_day": today - timedelta(days=1), "last_day": today + timedelta(days=1)}
    cast = Cast(app, client, **days)
    words = ["--minutes", "0.02", "--rate", "600", "--seed", "3", "--store", str(tmp_path)]
    with serving(app) as url:
        code = cast.code(cast.one)
        assert cast.received() == {}
        assert command.main([*words, "--url", url, "--join", code, "--phones", "2"]) == 0
        made = sum(cast.received().values())
        assert cast.received() == {"Đội 1": made} and made > 2
        wrong = ["--url", url, "--join", "ACDEFGHJ", "--store", str(tmp_path / "other")]
        (tmp_path / "other").mkdir()
        assert command.main([*words[:6], *wrong]) == 1
    assert "joining answered 404" in capsys.readouterr().out


def test_late_uploads_a_transfer_and_leaving_count_as_of_the_measuring_time(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    cast = Cast(app, client)
    codes = {team_id: cast.code(team_id) for team_id in (cast.one, cast.two)}
    phone = register(client)
    began = clock.now

    def measured(hours: float, where: dict[str, float] | None = None) -> dict[str, Any]:
        at = (began + timedelta(hours=hours)).isoformat()
        return sample(at, location=location(fixed_at=at, **(where or {})))

    assert post(client, phone, measured(-10)).status_code == 201  # before anybody joined
    join(client, phone, codes[cast.one])
    assert post(client, phone, measured(-5, THERE)).status_code == 201  # late, from before joining
    assert cast.received() == {}
    clock.now = began + timedelta(hours=5)
    assert post(client, phone, measured(5)).status_code == 201
    assert cast.received() == {"Đội 1": 1}
    clock.now = began + timedelta(hours=6)
    moved = join(client, phone, codes[cast.two], transfer=True).json
    clock.now = began + timedelta(hours=11)
    post(client, phone, measured(11), measured(1, THERE))  # one of now; one of the first team
    assert cast.received() == {"Đội 1": 2, "Đội 2": 1}
    clock.now = began + timedelta(hours=12)
    assert client.delete(f"{URL}/{moved['id']}", headers=phone).status_code == 200
    clock.now = began + timedelta(hours=17)
    post(client, phone, measured(17), measured(10, THERE))  # of nobody; late, of the second team
    assert cast.received() == {"Đội 1": 2, "Đội 2": 2}
