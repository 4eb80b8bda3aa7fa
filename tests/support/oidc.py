"""The application with a small OpenID provider, and sign-ins at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient

from backend.clock import Clock
from backend.oidc.browser import new_provider
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, serving

BEGIN, CALLBACK, CODE = "/sign-in/office", "/sign-in/office/callback", "/sign-in/office/code"
PERSON = {"sub": "a-17", "name": "Nguyễn Thị Hoa", "email": "hoa@so.vn", "email_verified": True}


@contextmanager
def office(app: Flask, clock: Clock, rules: Path | None = None) -> Iterator[FakeProvider]:
    """Configure the application for a provider that runs until the end."""
    with serving(FakeProvider(clock, dict(PERSON))) as provider:
        configure(app, provider, rules)
        try:
            yield provider
        finally:
            app.extensions["oidc_provider"] = None


def configure(app: Flask, provider: FakeProvider, rules: Path | None = None) -> None:
    app.config.update(
        OIDC_ISSUER=provider.issuer, OIDC_CLIENT_ID=CLIENT_ID, OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_NAME="tài khoản của tỉnh", OIDC_RULES=rules,
    )  # fmt: skip
    app.extensions["oidc_provider"] = new_provider(app.config)


def rule(name: str, value: str, role: str, claim: str = "groups", **scope: Any) -> str:
    """Return a rule of a file of rules."""
    fields = {"name": name, "claim": claim, "value": value, "role": role, **scope}
    lines = [f"{key} = {value!r}" for key, value in fields.items()]
    return "\n".join(["[[rule]]", *lines, ""])


def begin(client: FlaskClient, **query: str) -> str:
    """Begin a sign-in; return the address at the provider."""
    answer = client.get(BEGIN, query_string=query)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def come_back(client: FlaskClient, query: dict[str, str], **options: Any) -> Any:
    return client.get(f"{CALLBACK}?{urlencode(query)}", **options)


def sign_in(client: FlaskClient, provider: FakeProvider, **query: str) -> Any:
    """Sign in at the provider; return the answer to the browser that comes back."""
    return come_back(client, provider.allow(begin(client, **query)))
