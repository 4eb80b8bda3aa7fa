"""A database that is away: posts wait, nothing is lost, and nothing has to be started again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from backend.database import extensions
from backend.database.extensions import db
from backend.server.postgres.embedded import EmbeddedPostgres
from tests.support.clock import FakeClock
from tests.support.database import application
from tests.support.factories import CONSENT, register, sample

URL = "/api/v1/measurements"
PHONES = 4


@pytest.fixture(scope="module")
def server(
    prepared: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    var_dir = tmp_path_factory.mktemp("away")
    prepared(var_dir)
    with EmbeddedPostgres(var_dir, fsync=False) as running:
        yield running


@pytest.fixture(scope="module")
def own_app(server: EmbeddedPostgres) -> Iterator[Flask]:
    """An application over a database of its own, which a test may stop."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(extensions, "POOL_WAIT_S", 2)
        app = application(server, clock=FakeClock())
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.mark.slow
def test_a_database_that_goes_away_and_comes_back(own_app: Flask, server: EmbeddedPostgres) -> None:
    client = own_app.test_client()
    headers, body = register(client), sample()
    _fill_the_pool(own_app)
    server.stop()
    for _ in range(2):
        answer = client.post(URL, json=body, headers=headers)
        assert answer.status_code == 503 and answer.json["code"] == "unavailable"
        assert answer.mimetype == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
    page = client.get("/?lang=vi")
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "Máy chủ tạm thời không trả lời được" in page.text and "Thử lại" in page.text
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200

    server.start()
    # One storm is enough: no connection that died with the server is handed out after it.
    _fill_the_pool(own_app)
    answer = client.post(URL, json=body, headers=headers)
    assert answer.status_code == 201 and answer.json["counted"] is True
    assert client.post(URL, json=body, headers=headers).status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_restart_between_two_posts_fails_neither(
    own_app: Flask, server: EmbeddedPostgres
) -> None:
    client = own_app.test_client()
    headers, body = register(client), sample()
    _fill_the_pool(own_app)
    server.stop()
    server.start()
    assert client.post(URL, json=body, headers=headers).status_code == 201
    _fill_the_pool(own_app)
    assert client.post(URL, json=body, headers=headers).status_code == 200


@pytest.mark.slow
def test_a_standby_answers_who_reads_and_sends_away_who_writes(server: EmbeddedPostgres) -> None:
    url = f"{server.app_url}&options=-c%20default_transaction_read_only%3Don"
    app = application(server, clock=FakeClock(), DATABASE_URL=url)
    client = app.test_client()
    assert client.get("/api/v1/coverage?month=2024-11&level=province").status_code == 200
    answer = client.post("/api/v1/devices", json={"consent": CONSENT})
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _fill_the_pool(app: Flask) -> None:
    """Ask from several threads at once, so that as many connections are open; all succeed."""

    def ask(_: int) -> int:
        return app.test_client().get("/api/v1/units/05443?as_of=2024-11-20").status_code

    with ThreadPoolExecutor(PHONES) as pool:
        assert set(pool.map(ask, range(3 * PHONES))) == {200}
