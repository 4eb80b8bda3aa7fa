"""Signing in at a real OpenID provider, npm's oidc-provider: run by scripts/test-oidc."""

import json
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import jwt
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from backend.oidc import provider as provider_module
from backend.oidc.provider import Provider
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.oidc import begin, come_back, rule
from tests.support.oidc_provider import private_key
from tests.support.people import PASSWORD, account
from tests.support.sign_in import ACCOUNT

pytestmark = [
    pytest.mark.oidc,
    pytest.mark.skipif("OIDC_NODE_MODULES" not in os.environ, reason="scripts/test-oidc runs it"),
]
CALLBACK = "http://localhost/sign-in/office/callback"
READY_S, MAX_STEPS = 20, 12


@dataclass
class RealProvider:
    """The provider's process, and the file of its settings."""

    file: Path
    settings: dict[str, Any]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.settings['port']}"

    def change(self, **changes: Any) -> None:
        self.settings |= changes
        self.file.write_text(json.dumps(self.settings))

    @contextmanager
    def running(self) -> Iterator[None]:
        command = ["node", str(Path(__file__).with_name("provider.mjs")), str(self.file)]
        with (
            self.file.with_suffix(".log").open("a") as log,
            subprocess.Popen(command, stdout=log, stderr=log) as process,
        ):
            try:
                self._wait(process)
                yield
            finally:
                process.terminate()

    def _wait(self, process: Any) -> None:
        deadline = time.monotonic() + READY_S
        while True:
            try:
                requests.get(f"{self.issuer}/jwks", timeout=1).raise_for_status()
                return
            except requests.RequestException:
                log = self.file.with_suffix(".log").read_text()
                assert process.poll() is None and time.monotonic() < deadline, log
                time.sleep(0.1)

    def allow(self, address: str, name: str) -> dict[str, str]:
        """Sign in and agree on the provider's pages; return the query of the way back."""
        with requests.Session() as browser:
            answer = browser.get(address, allow_redirects=False, timeout=5)
            for _ in range(MAX_STEPS):
                location = answer.headers.get("Location", "")
                if location.startswith(CALLBACK):
                    return dict(parse_qsl(urlsplit(location).query))
                if location:
                    following = urljoin(answer.url, location)
                    answer = browser.get(following, allow_redirects=False, timeout=5)
                    continue
                form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                assert form, answer.text[:2_000]
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                fields = {"prompt": prompt and prompt[1], "login": name, "password": "any"}
                answer = browser.post(form[1], fields, allow_redirects=False, timeout=5)
        raise AssertionError("the provider does not come to an end")


def key(number: int) -> dict[str, Any]:
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(number)))
    del private["key_ops"]  # the provider would publish `sign` for the public key too
    return private | {"kid": f"key-{number}", "use": "sig", "alg": "RS256"}


@pytest.fixture
def provider(app: Flask, clock: FakeClock, tmp_path: Path) -> RealProvider:
    clock.now = datetime.now(UTC)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    real = RealProvider(tmp_path / "provider.json", {})
    person = {"name": "Nguyễn Thị Hoa", "email": "hoa@so.vn", "email_verified": True}
    real.change(
        port=port, redirect=CALLBACK, secret=secrets.token_urlsafe(32), keys=[key(1)],
        people={"hoa": person | {"groups": ["thai-nguyen"]}},
    )  # fmt: skip
    rules = tmp_path / "rules.toml"
    rules.write_text(
        rule("officials", "thai-nguyen", "official", unit="19", level="province")
        + rule("hanoi", "ha-noi", "official", unit="01", level="province")
    )
    app.config.update(OIDC_RULES=rules, OIDC_ISSUER=real.issuer)
    app.extensions["oidc_provider"] = Provider(real.issuer, "do-song", real.settings["secret"])
    return real


def sign_in(client: FlaskClient, provider: RealProvider, name: str = "hoa") -> Any:
    clock = client.application.extensions["clock"]
    clock.now = datetime.now(UTC)
    return come_back(client, provider.allow(begin(client), name))


def rules_of(client: FlaskClient) -> list[str | None]:
    return [role["rule"] for role in client.get(ACCOUNT).json["user"]["roles"]]


def test_sign_in_and_a_change_of_role(client: FlaskClient, provider: RealProvider) -> None:
    with provider.running():
        answer = sign_in(client, provider)
        assert (answer.status_code, answer.location) == (303, "/work")
        person = client.get(ACCOUNT).json["user"]
        assert (person["name"], person["display_name"]) == ("hoa@so.vn", "Nguyễn Thị Hoa")
        assert rules_of(client) == ["officials"]
        provider.change(people={"hoa": {"groups": ["ha-noi"]}})
        sign_in(client, provider)
        assert rules_of(client) == ["hanoi"]
        assert client.get(ACCOUNT).json["user"]["id"] == person["id"]
        provider.change(people={"lan": {"groups": ["elsewhere"]}})
        other = client.application.test_client()
        assert sign_in(other, provider, "lan").location == "/sign-in?problem=oidc_no_role"


def test_a_code_serves_once(client: FlaskClient, provider: RealProvider) -> None:
    with provider.running():
        query = provider.allow(begin(client), "hoa")
        cookie = client.get_cookie("dosong_sign_in", path="/sign-in/office")
        assert cookie and come_back(client, query).location == "/work"
        client.set_cookie("dosong_sign_in", cookie.value, path="/sign-in/office")
        assert come_back(client, query).location == "/sign-in?problem=oidc_refused"


def test_a_code_of_another_browser_is_worthless(
    client: FlaskClient, provider: RealProvider
) -> None:
    """Even with the state of this browser: the provider wants the verifier of the other one."""
    with provider.running():
        stolen = provider.allow(begin(client.application.test_client()), "hoa")
        own = provider.allow(begin(client), "hoa")
        answer = come_back(client, own | {"code": stolen["code"]})
        assert answer.location == "/sign-in?problem=oidc_refused"
        assert client.get(ACCOUNT).status_code == 401


def test_keys_change(client: FlaskClient, provider: RealProvider) -> None:
    with provider.running():
        assert sign_in(client, provider).location == "/work"
    provider.change(keys=[key(2), key(1)])
    with provider.running():
        assert sign_in(client, provider).location == "/work"
    provider.change(keys=[key(3)])
    with provider.running():
        assert sign_in(client, provider).location == "/work"


def test_the_provider_is_away(
    app: Flask, client: FlaskClient, provider: RealProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "AWAY_S", 0.0)
    account(app, "local@so.vn")
    assert client.get("/sign-in/office").location == "/sign-in?problem=oidc_away"
    assert people.sign_in(client, "local@so.vn", password=PASSWORD)
    client.delete_cookie("dosong_session")
    with provider.running():
        query = provider.allow(begin(client), "hoa")
    assert come_back(client, query).location == "/sign-in?problem=oidc_away"
    with provider.running():
        assert sign_in(client, provider).location == "/work"


def test_a_wrong_secret_lets_nobody_in(
    app: Flask, client: FlaskClient, provider: RealProvider
) -> None:
    app.extensions["oidc_provider"] = Provider(provider.issuer, "do-song", "a wrong secret")
    with provider.running():
        assert sign_in(client, provider).location == "/sign-in?problem=oidc_refused"
