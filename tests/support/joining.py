"""Teams with join codes, and devices that join them."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from backend.campaigns.models import JoinCode
from backend.database.extensions import db
from tests.support.people import campaign, organisation, team

URL = "/api/v1/memberships"
Headers = dict[str, str]


class Cast:
    """A campaign with two teams and their codes."""

    def __init__(self, app: Flask, *areas: int, **changes: Any) -> None:
        self.app = app
        self.organisation = organisation(app)
        self.one = team(app, self.organisation, "Đội 1")
        self.two = team(app, self.organisation, "Đội 2")
        self.campaign = campaign(app, self.organisation, *areas, **changes)
        self.code_one, self.code_two = self.code(self.one), self.code(self.two)

    def code(self, team_id: int, campaign_id: int | None = None, **changes: Any) -> str:
        letters = "ACDEFGHJKMNPQRTUVWXY"
        with self.app.app_context():
            n = db.session.scalar(select(func.count()).select_from(JoinCode)) or 0
            code = f"TEAMCAF{letters[n]}"
            made = datetime(2024, 11, 1, tzinfo=UTC)
            fields = {"campaign_id": campaign_id or self.campaign, "created_at": made, **changes}
            db.session.add(JoinCode(code=code, team_id=team_id, **fields))
            db.session.commit()
        return code


def join(client: FlaskClient, phone: Headers, code: Any, **body: Any) -> TestResponse:
    return client.post(URL, json={"code": code, **body}, headers=phone)


def moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def send_concurrently(
    app: Flask, *requests: Callable[[FlaskClient], TestResponse]
) -> list[TestResponse]:
    """Send requests at the same time, each from its own thread."""
    barrier = threading.Barrier(len(requests))
    answers: list[TestResponse | None] = [None] * len(requests)

    def send(place: int, request: Callable[[FlaskClient], TestResponse]) -> None:
        own = app.test_client()
        barrier.wait()
        answers[place] = request(own)

    threads = [threading.Thread(target=send, args=one) for one in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for answer in answers if answer is not None]
