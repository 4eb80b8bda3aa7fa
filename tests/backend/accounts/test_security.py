"""What holds for the whole of the server: headers, forms, patterns, keys. See docs/security.md."""

import gzip
import pkgutil
import re
import stat
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import backend
from config import settings
from tests.support.devices import bearer, register
from tests.support.people import account, sign_in

PAGES = ("/", "/do/", "/sign-in", "/invitation", "/docs", "/work", "/seal")
UNBOUNDED = re._constants.MAXREPEAT  # type: ignore[attr-defined]
# Each round of the outer repeat begins with a dot, which the inner cannot match: one way only.
PARTED = {"backend.reports.open_data.service.NAME", "backend.accounts.login_names._MAIL"}
REPEATS = ("MAX_REPEAT", "MIN_REPEAT")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_may_do_only_what_it_needs(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.mimetype == "text/html", path
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    allowed = answer.headers["Permissions-Policy"]
    assert "geolocation=(self)" in allowed and "camera=()" in allowed


OF_APPS = ("/api/", "/do/", "/rmbt/", "/RMBTControlServer/")


def forms(app: Flask) -> list[str]:
    """The addresses that pages send their forms to, with numbers that nothing has.

    Apps send to the others, which know no session.
    """
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    paths = [rule.rule for rule in rules if not rule.rule.startswith(OF_APPS)]
    return sorted(re.sub(r"<[^>]+>", "1", path) for path in paths)


def test_no_form_acts_without_the_pages_token(app: Flask, client: FlaskClient) -> None:
    account(app, "an@example.vn", "admin", totp_secret=None)
    sign_in(client, "an@example.vn")
    asked = forms(app)
    assert len(asked) >= 5
    for path in asked:
        if path != "/seal":  # asks about a file and changes nothing: anybody may
            status = client.post(path, data={"name": "x"}).status_code
            assert status in (403, 404), (path, status)


def test_what_unpacks_without_end_is_not_unpacked(client: FlaskClient) -> None:
    phone = register(client)
    headers = {**bearer(phone["token"]), "Content-Encoding": "gzip"}
    bomb = gzip.compress(b" " * 50_000_000)
    kind = "application/json"
    answer = client.post("/api/v1/measurements", data=bomb, headers=headers, content_type=kind)
    assert answer.status_code == 413


@pytest.mark.parametrize("folder", ["/static/", "/tiles/", "/open-data/2024-11/", "/open-data/"])
@pytest.mark.parametrize("climb", ["../", "..%2f", "%2e%2e/", "..\\", "....//", "/"])
def test_no_address_climbs_out_of_its_folder(
    app: Flask, client: FlaskClient, folder: str, climb: str
) -> None:
    for steps in (1, 2, 4):
        for file in ("secret_key", "app.py", "etc/passwd"):
            answer = client.get(folder + climb * steps + file, follow_redirects=True)
            assert answer.status_code in (400, 404), answer.text
            assert app.config["SECRET_KEY"] not in answer.text


def patterns() -> Iterator[tuple[str, str]]:
    """Every pattern that a module of ours has compiled, with its place."""
    for found in pkgutil.walk_packages(backend.__path__, "backend."):
        if "migrations" in found.name or found.name.endswith("__main__"):
            continue
        for name, value in vars(import_module(found.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                yield f"{found.name}.{name}", value.pattern


def nested(parsed: Any, within: bool = False) -> bool:
    """Whether something that repeats without bound holds another that does: (a+)+."""
    for operation, value in parsed:
        endless = str(operation) in REPEATS and value[1] == UNBOUNDED
        if endless and within:
            return True
        if any(nested(part, within or endless) for part in parts(value)):
            return True
    return False


def parts(value: Any) -> Iterator[Any]:
    if isinstance(value, re._parser.SubPattern):  # type: ignore[attr-defined]
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from parts(one)


def test_no_pattern_takes_for_ever() -> None:
    found = dict(patterns())
    assert len(found) > 10
    parse = re._parser.parse  # type: ignore[attr-defined]
    assert nested(parse("(a+)+$")) and not nested(parse("a+b+"))
    doubtful = {place for place, pattern in found.items() if nested(parse(pattern))}
    assert doubtful <= PARTED


def test_each_installation_makes_keys_of_its_own(tmp_path: Path) -> None:
    keys = [settings.generated_key(tmp_path / name / "secret_key") for name in ("one", "two")]
    assert keys[0] != keys[1] and len(keys[0]) == 64
    assert stat.S_IMODE((tmp_path / "one" / "secret_key").stat().st_mode) == 0o600
    assert settings.generated_key(tmp_path / "one" / "secret_key") == keys[0]
    [setting] = [one for one in settings.SETTINGS if one.name == "SECRET_KEY"]
    assert setting.default is None
