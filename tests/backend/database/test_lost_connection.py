"""A connection lost at the end of a request: its answer stays as it is, and is never 500."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
from flask import Flask, request_finished
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from backend.database import extensions
from backend.database.extensions import db
from backend.errors import Problem
from backend.http.requests import Blueprint
from backend.measurements.privacy import views as privacy
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.web.site.blueprint import PageBlueprint
from tests.support.clock import FakeClock
from tests.support.database import application
from tests.support.factories import post, register, sample

PID = text("select pg_backend_pid()")
END = text("select pg_terminate_backend(:pid, 5000)")
CODES = {401: "unauthorized", 404: "not_found", 429: "too_many_requests"}


@pytest.fixture(scope="module")
def own_app(postgres: EmbeddedPostgres) -> Iterator[Flask]:
    """An application with views that lose their connection, and then refuse."""
    app = application(postgres, clock=FakeClock())
    programs, pages = Blueprint("lost", __name__), PageBlueprint("lost_pages", __name__)

    def refuse(status: int) -> NoReturn:
        end_connection()
        raise Problem(status, CODES[status])

    programs.add_url_rule("/lost/<int:status>", "refuse", refuse)
    programs.add_url_rule("/lost/statement", "go_on", lambda: (end_connection(), use_session()))
    pages.page("/lost/<int:status>", None)(refuse)
    app.register_blueprint(programs)
    app.register_blueprint(pages)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def phone(own_app: Flask, empty: Callable[[], None]) -> Iterator[FlaskClient]:
    yield own_app.test_client()
    empty()


@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("path", ["/api/v1/lost", "/lost"])
def test_a_refusal_stays_after_its_connection_is_lost(
    phone: FlaskClient, path: str, status: int
) -> None:
    answer = phone.get(f"{path}/{status}")
    assert answer.status_code == status
    assert phone.get("/readyz").status_code == 200


def test_a_statement_after_the_loss_is_answered_with_503(phone: FlaskClient) -> None:
    answer = phone.get("/api/v1/lost/statement")
    assert answer.status_code == 503 and answer.json["code"] == "unavailable"


def test_a_loss_in_an_error_page_is_answered_with_503(
    phone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler that asks the database, as the page that asks for the password does."""

    def lose(*shown: Any) -> list[str]:
        monkeypatch.undo()
        end_connection()
        use_session()
        return []

    monkeypatch.setattr("backend.web.site.blueprint.readable_errors", lose)
    answer = phone.get("/lost/404")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_repeated_post_is_answered_though_its_connection_is_lost(
    phone: FlaskClient, own_app: Flask
) -> None:
    headers, sent = register(phone), sample()
    assert post(phone, headers, sent).status_code == 201
    with request_finished.connected_to(lambda *_, **more: end_connection(), own_app):
        answer = post(phone, headers, sent)
    assert answer.status_code == 200 and answer.json["outcome"] == "duplicate"


def test_a_streamed_answer_ends_well_though_its_connection_is_lost(
    phone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = register(phone)
    stream = privacy.export

    def lose(*asked: Any) -> Iterator[str]:
        *parts, end = stream(*asked)
        yield from parts
        end_connection()
        yield end

    monkeypatch.setattr(privacy, "export", lose)
    answer = phone.get("/api/v1/devices/me/export", headers=headers)
    assert answer.status_code == 200 and answer.json["device"]


def test_no_answer_leaves_a_transaction_open(phone: FlaskClient, own_app: Flask) -> None:
    headers, sent = register(phone), sample()
    post(phone, headers, sent)
    post(phone, headers, sent)
    phone.get("/api/v1/devices/me/export", headers=headers)
    phone.get("/api/v1/lost/404")
    with own_app.app_context():
        assert db.engine.pool.checkedout() == 0


def test_new_connections_that_die_at_once_are_answered_with_503(
    phone: FlaskClient, own_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_app.app_context():
        db.engine.dispose()
    monkeypatch.setattr(extensions, "is_dead", lambda driver: True)
    assert phone.get("/api/v1/lost/statement").status_code == 503


def use_session() -> None:
    db.session.execute(PID)


def end_connection() -> None:
    """End the server's process behind the session's connection."""
    engine = create_engine(db.engine.url)
    with engine.connect() as other:
        assert other.execute(END, {"pid": db.session.execute(PID).scalar_one()}).scalar_one()
    engine.dispose()
