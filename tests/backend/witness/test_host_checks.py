"""flask hosts check: whether other hosts answer and sign, over real HTTP."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, redirect
from flask.testing import FlaskClient

from backend.clock import utc_now
from backend.server.gunicorn.speed import speed_app
from backend.witness import checks, hosts
from backend.witness.keys import host_key, installation_key, own_host_id
from backend.witness.statements import SigningKey
from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock
from tests.support.live_server import serving_app
from tests.support.nginx import free_port

OTHER = SigningKey.from_seed(b"1" * 32).public_bytes.hex()
SECRET = "h" * 32
ROOT = Path(__file__).parents[3]


@pytest.fixture
def alone(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The process of a measuring host with a key of its own."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("SECRET_KEY", SECRET)
    tickets = installation_key(app.config["SECRET_KEY"]).public_bytes.hex()
    monkeypatch.setenv("TICKET_KEYS", os.environ.get("TICKET_KEYS", tickets))
    return speed_app()


@pytest.fixture
def url(alone: Flask, clock: FakeClock) -> Iterator[str]:
    with serving_app(alone, clock) as url:
        yield url


def add(app: Flask, url: str, key: str | None) -> None:
    now = app.extensions["clock"]()
    with app.app_context():
        hosts.add_host("telecom", url, key, now, host_id=own_host_id(SECRET))


def check(app: Flask, after: timedelta = timedelta(minutes=5)) -> str:
    app.extensions["clock"].now += after
    done = app.test_cli_runner().invoke(args=["hosts", "check"])
    assert done.exit_code == 0, done.output
    return str(done.output.splitlines()[-1])  # after the log of a host of this process


@pytest.mark.slow
def test_a_host_is_started_and_registered_by_a_command_each(app: Flask, tmp_path: Path) -> None:
    tickets, port = installation_key(app.config["SECRET_KEY"]).public_bytes.hex(), free_port()
    environment = os.environ | {"VAR_DIR": str(tmp_path), "SPEED_PORT": str(port)}
    command = [str(ROOT / "scripts" / "measuring-host"), tickets]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as host:
        try:
            assert host.stdout is not None
            printed = next(line for line in host.stdout if "flask hosts add" in line)
            arguments = printed.replace(
                "NAME https://…", f"telecom http://127.0.0.1:{port}"
            ).split()
            added = app.test_cli_runner().invoke(args=arguments[1:])
            assert added.exit_code == 0, added.output
            app.extensions["clock"].now = utc_now()
            until = time.monotonic() + 20
            while (found := check(app, timedelta())) != "telecom: answers":
                assert time.monotonic() < until, found
                time.sleep(0.2)
        finally:
            host.terminate()


@pytest.mark.parametrize("signs", [True, False])
def test_a_host_that_answers_and_signs(app: Flask, url: str, tmp_path: Path, signs: bool) -> None:
    add(app, url, host_key(tmp_path).public_bytes.hex() if signs else None)
    assert check(app) == "telecom: answers"


def test_a_host_whose_key_is_another_one(app: Flask, url: str) -> None:
    add(app, url, OTHER)
    assert check(app) == "telecom: not_signed"


def test_a_host_that_does_not_know_the_installation(
    app: Flask, alone: Flask, url: str, tmp_path: Path
) -> None:
    alone.extensions["measuring_host"].issuers.clear()
    add(app, url, host_key(tmp_path).public_bytes.hex())
    assert check(app) == "telecom: http_422 server_foreign"


def test_redirects_are_not_followed(app: Flask, url: str, clock: FakeClock) -> None:
    elsewhere = Flask("elsewhere")
    elsewhere.add_url_rule("/do/down", view_func=lambda: redirect(f"{url}/do/down?bytes=0"))
    with serving_app(elsewhere, clock) as moved:
        add(app, moved, None)
        assert check(app) == "telecom: http_302"


def test_a_host_that_sends_single_bytes_holds_nothing_up(
    app: Flask, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "DEADLINE_S", 0.3)

    def drip() -> Any:
        for _ in range(20):
            time.sleep(0.05)
            yield b"."

    slow = Flask("slow")
    slow.add_url_rule("/do/down", view_func=lambda: (drip(), {"Content-Type": "text/plain"}))
    with serving_app(slow, clock) as url:
        add(app, url, None)
        assert check(app) == "telecom: timeout"


def test_two_failures_in_a_row_are_told_and_leave_a_host_out(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    add(app, f"http://127.0.0.1:{free_port()}", OTHER)
    admin = AdminBrowser(app, client, clock.now)

    def listed() -> list[str]:
        return [one["name"] for one in client.get("/api/v1/hosts").json["items"]]

    def told() -> tuple[bool, bool]:
        page = admin.get("/admin/connections")
        return "ngừng hoạt động" in page, "telecom" in admin.get("/admin")

    assert check(app) == "telecom: ConnectionError"
    assert "telecom" in listed() and told() == (False, False)
    check(app)
    assert listed() == ["own"] and told() == (True, True)


def test_a_host_that_answers_again_is_listed(app: Flask, url: str, client: FlaskClient) -> None:
    add(app, url, None)
    answers = app.extensions["clock"].now
    with app.app_context():
        [host] = [one for one in hosts.registered(app.config) if one["url"]]
    state = {"host": host["id"], "now": answers, "problem": "http_502"}
    for minutes in (-10, -5):
        with app.app_context():
            checks.db.session.execute(
                checks.STORE, state | {"now": answers + timedelta(minutes=minutes)}
            )
            checks.db.session.commit()
    assert len(client.get("/api/v1/hosts").json["items"]) == 1
    assert check(app) == "telecom: answers"
    assert len(client.get("/api/v1/hosts").json["items"]) == 2
