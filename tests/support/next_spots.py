"""Requests for the next places to measure."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.database.extensions import db
from backend.units.models import Unit
from tests.support.factories import HERE

URL = "/api/v1/next"
CELLS = 6  # of about 500 m in the ward at HERE


def ask(client: FlaskClient, headers: Any, **query: Any) -> Any:
    answer = client.get(URL, headers=headers, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def commune(app: Flask, client: FlaskClient) -> Unit:
    """Return the commune at HERE."""
    code = client.post("/api/v1/units/locate", json=HERE | {"at": "2024-11-20T12:00:00Z"})
    with app.app_context():
        query = select(Unit).where(Unit.system == "2024", Unit.level == "commune")
        return db.session.scalars(query.where(Unit.code == code.json["unit"]["code"])).one()
