"""A device is known by its token; consent is given again."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from backend.database import extensions
from backend.database.extensions import db
from backend.devices import consent, service
from backend.devices.models import Consent, Device
from tests.support.devices import CONSENT, ME, bearer, register
from tests.support.factories import post, sample


@pytest.mark.parametrize(
    "headers",
    [{}, bearer("no-such-token"), bearer(""), {"Authorization": "Basic YTpi"}, bearer("é")],
)
def test_no_or_unknown_token(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(ME, headers=headers)
    assert answer.status_code == 401
    assert answer.json["code"] == "unauthorized"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_knowing_a_device_costs_one_select(
    app: Flask, client: FlaskClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = register(client)["token"]
    client.get(ME, headers=bearer(token))
    statements: list[str] = []

    def see(*seen: Any) -> None:
        statements.append(seen[2])

    def fetch_autocommit(statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        statements.append(statement.strip())
        return extensions.fetch_autocommit(statement, values)

    monkeypatch.setattr(service, "fetch_autocommit", fetch_autocommit)
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", see)
        device = service.authenticate(token, clock.now)
        event.remove(db.engine, "before_cursor_execute", see)
    assert device.platform == "android"
    assert len(statements) == 1
    assert statements[0].startswith("select")


def test_a_first_use_is_noted_whatever_becomes_of_the_request(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    token = register(client)["token"]
    with app.app_context():
        assert service.authenticate(token, clock.now).token_used_at == clock.now
        db.session.rollback()
        assert db.session.scalars(select(Device.token_used_at)).one() == clock.now


# Consent of a device


def test_a_device_under_an_older_text_is_told_and_may_agree_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = register(client)["token"]
    monkeypatch.setattr(consent, "CURRENT", "5")
    assert client.get(ME, headers=bearer(token)).json["consent"]["outdated"] is True
    assert post(client, bearer(token), sample()).json["consent_outdated"] is True
    monkeypatch.undo()
    assert post(client, bearer(token), sample()).json.get("consent_outdated") is None
    answer = client.post(f"{ME}/consents", headers=bearer(token), json={"consent": CONSENT})
    assert (answer.status_code, answer.json["outdated"]) == (201, False)
    refused = client.post(f"{ME}/consents", headers=bearer(token), json={"consent": {}})
    assert refused.json["code"] == "consent_required"


def test_each_consent_is_kept(app: Flask, client: FlaskClient, clock: Any) -> None:
    token = register(client)["token"]
    clock.now += timedelta(days=30)
    client.post(f"{ME}/consents", headers=bearer(token), json={"consent": CONSENT})
    with app.app_context():
        recorded = db.session.scalars(select(Consent.recorded_at).order_by(Consent.id)).all()
    assert recorded == [clock.now - timedelta(days=30), clock.now]
