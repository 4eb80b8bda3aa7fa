"""The pages that links of people lead to, as the server sends and logs them."""

import logging
import re
from pathlib import Path

import pytest
import structlog
from flask.testing import FlaskClient
from structlog.testing import CapturingLogger

from backend.http import logging as request_log

STATIC = Path(__file__).parents[4] / "backend/static"
PATHS = ("/invitation", "/sign-in")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_in_both_languages(client: FlaskClient, path: str, language: str) -> None:
    by_browser = client.get(path, headers={"Accept-Language": language})
    by_link = client.get(f"{path}?lang={language}")
    for answer in (by_browser, by_link):
        assert answer.status_code == 200
        assert f'<html lang="{language}">' in answer.text
        assert "JavaScript" in re.findall(r"<noscript>.*?</noscript>", answer.text, re.S)[0]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_but_this_server_s_own_scripts(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    rules = dict(
        rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";")
    )
    assert rules["default-src"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<style|\son\w+=|\sstyle=|<script>", answer.text)
    sources = re.findall(r'<script [^>]*src="([^"]+)"', answer.text)
    assert sources
    for source in sources:
        with client.get(source) as script:
            assert script.status_code == 200 and "javascript" in script.headers["Content-Type"]


@pytest.mark.parametrize("path", PATHS)
def test_a_form_that_a_script_does_not_send_is_sent_in_no_address(
    client: FlaskClient, path: str
) -> None:
    forms = re.findall(r"<form[^>]*>", client.get(path).text)
    assert all('method="post"' in form for form in forms)
    assert len(forms) == 1


def test_scripts_ask_this_server_alone() -> None:
    for name in ("forms.js", "invitation.js", "sign-in.js", "account.js"):
        script = (STATIC / name).read_text(encoding="utf-8")
        assert not re.search(r"https?:|innerHTML|eval\(|localStorage", script), name
        # Of a new account the name alone waits in its tab for the sign-in: no password, no secret.
        kept = re.findall(r"sessionStorage\.\w+\((\w+)", script)
        assert set(kept) <= {"NEW_NAME"} and len(kept) == script.count("sessionStorage"), name


@pytest.mark.parametrize("path", PATHS)
def test_what_is_appended_to_an_address_is_not_logged(
    client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A logger of this test's own: the shared one writes to where its first line went.
    written = CapturingLogger()
    level = structlog.make_filtering_bound_logger(logging.INFO)
    form = [structlog.processors.JSONRenderer()]
    logger = structlog.wrap_logger(written, processors=form, wrapper_class=level)
    monkeypatch.setattr(request_log, "log", logger)
    client.get(f"{path}?secret=abcdef")
    logged = str(written.calls)
    assert path in logged and "abcdef" not in logged


def test_another_language_than_the_two_is_explained(client: FlaskClient) -> None:
    assert client.get("/sign-in?lang=fr").status_code == 422


def test_what_few_look_for_is_in_the_foot_or_the_help(client: FlaskClient) -> None:
    foot, guides = client.get("/docs?lang=en").text, client.get("/guide").text
    for path, page in (("/data", foot), ("/seal", foot), ("/docs", guides), ("/withdraw", guides)):
        assert f'href="{path}?lang=en"' in page or f'href="{path}"' in page
        assert client.get(f"{path}?lang=en").status_code == 200
    links = foot.rpartition("<footer")[2]
    assert "/withdraw" not in links and "/docs" not in links
    assert 'href="/withdraw' in client.get("/do/").text.rpartition("<footer")[2]
