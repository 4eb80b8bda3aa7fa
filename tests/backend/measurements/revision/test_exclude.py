"""`flask measurements exclude`: out of the counts, audited, and the id can still disappear."""

from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.revision.service import pseudonym
from tests.support.factories import post, register, sample


def audited(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(text("select audit::text from audit")))


def test_an_excluded_measurement_does_not_count(app: Flask, client: FlaskClient) -> None:
    headers, body = register(client), sample()
    post(client, headers, body)
    words = ["measurements", "exclude", body["id"], "--reason", "đo trong xưởng"]
    assert app.test_cli_runner().invoke(args=words).exit_code == 0
    own = client.get(f"/api/v1/measurements/{body['id']}", headers=headers).json
    assert [one["code"] for one in own["reasons"]] == ["excluded"] and own["valid"] is False


def test_the_audit_log_holds_no_id_of_a_phone(app: Flask, client: FlaskClient) -> None:
    headers, body = register(client), sample()
    post(client, headers, body)
    words = ["measurements", "exclude", body["id"], "--reason", "thử"]
    app.test_cli_runner().invoke(args=words)
    assert client.delete("/api/v1/devices/me", headers=headers).status_code == 200
    (entry,) = audited(app)
    assert body["id"] not in entry and body["id"].replace("-", "") not in entry
    # Who has the id, as a person who asks, still finds the entry.
    with app.app_context():
        name = pseudonym(UUID(body["id"]))
        app.config["SECRET_KEY"] = "another key"
        assert pseudonym(UUID(body["id"])) != name
    assert f"measurement:{name}" in entry


def test_an_unknown_id_is_told(app: Flask) -> None:
    words = ["measurements", "exclude", str(UUID(int=7)), "--reason", "thử"]
    assert app.test_cli_runner().invoke(args=words).exit_code != 0
