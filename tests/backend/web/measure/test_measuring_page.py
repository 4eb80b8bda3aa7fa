"""The measuring page as the server sends it: its policy, its worker, how it is installed."""

import gzip
import json
import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.clock import utc_now
from backend.devices import consent
from backend.web.measure.views import FILES, LATER, source_files
from backend.witness import hosts
from tests.support.requirements import counting_from

STATIC = Path(__file__).parents[4] / "backend/static"
SCRIPTS = sorted((STATIC / "do").glob("*.js"))


def policy(client: FlaskClient, path: str = "/do/") -> dict[str, str]:
    rules = client.get(path).headers["Content-Security-Policy"].split(";")
    return dict(rule.strip().split(" ", 1) for rule in rules)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_asks_for_consent_with_nothing_ticked(client: FlaskClient, language: str) -> None:
    page = unescape(client.get(f"/do/?lang={language}").text)
    consent = client.get("/api/v1/consent", headers={"Accept-Language": language}).json
    assert f'data-consent="{consent["version"]}"' in page
    assert all(purpose["text"] in page for purpose in consent["purposes"])
    assert re.findall(r'<input type="checkbox" id="agree"[^>]*>', page)[0].count("checked") == 0
    assert {"vi": "dữ liệu cá nhân nhạy cảm", "en": "sensitive personal data"}[language] in page
    words = json.loads(re.findall(r'id="texts">(.*?)</script>', page, re.S)[0])
    assert words["tip_repeat"] and words["unreachable"]


def test_every_link_leads_somewhere(client: FlaskClient) -> None:
    """Search engines follow anchors; one that a script fills is made by the script."""
    anchors = re.findall(r"<a\b[^>]*>", client.get("/do/").text)
    assert anchors and all(" href=" in anchor for anchor in anchors)


def test_nothing_in_line_and_nothing_from_elsewhere(client: FlaskClient) -> None:
    rules, page = policy(client), client.get("/do/").text
    assert rules["default-src"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == rules["worker-src"] == "'self'"
    assert not re.search(r"<style|\son\w+=|\sstyle=|<script>", page)
    for path in SCRIPTS:
        script = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|eval\(|localStorage|sessionStorage", script), path.name
        own = script.replace("http://www.w3.org/2000/svg", "").replace("https://${location", "")
        assert "https:" not in own and "http:" not in own, path.name


def test_another_host_for_the_speed_test_is_let_through_and_named(
    app: Flask, client: FlaskClient
) -> None:
    app.config["SPEED_URL"] = "https://speed.example.vn"
    for path in ("/do/", "/do/worker.js"):
        assert policy(client, path)["connect-src"] == "'self' https://speed.example.vn"
    assert 'data-speed="https://speed.example.vn"' in client.get("/do/").text


def test_a_registered_host_is_let_through_at_once_and_can_be_chosen(
    app: Flask, client: FlaskClient
) -> None:
    before = client.get("/do/worker.js").text.partition("\n")[0]
    assert 'id="host"' not in client.get("/do/").text
    with app.app_context():
        hosts.add_host("Huế", "https://hue.example.vn", None, utc_now(), "Viettel")
    for path in ("/do/", "/do/worker.js"):
        assert policy(client, path)["connect-src"] == "'self' https://hue.example.vn"
    assert client.get("/do/worker.js").text.partition("\n")[0] != before
    choices = re.findall(
        r'<option value="[^"]+" data-url="(.*?)"(.*?)>(.*?)<', client.get("/do/").text
    )
    assert choices == [
        ("", "", "máy chủ này"),
        ("https://hue.example.vn", " data-operator", "Huế (Viettel)"),
    ]


def test_the_worker_keeps_everything_that_the_page_loads(client: FlaskClient) -> None:
    worker = client.get("/do/worker.js")
    assert worker.mimetype == "text/javascript"
    assert worker.headers["Cache-Control"] == "no-cache"
    kept = set(json.loads(re.findall(r"const SHELL = (.*?);\n", worker.text)[0]))
    page = client.get("/do/").text
    loaded = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    loaded -= {one for one in loaded if "icon-" in one}
    [home] = {one.rpartition("app.js")[0] for one in loaded if one.endswith("/app.js")}
    for path in SCRIPTS:
        imported = re.findall(r'(?:from |import\()"\./([\w-]+\.js)"', path.read_text())
        loaded |= {home + name for name in imported}
    assert loaded <= kept
    assert f'from "{home}upload-queue.js"' in worker.text
    for path in kept:
        with client.get(path) as answer:
            assert answer.status_code == 200, path


def test_the_first_load_fits_a_slow_line(client: FlaskClient) -> None:
    """As `scripts/bench web` counts it: packed, but for the fonts; later modules are not loaded."""
    page = client.get("/do/")
    parts = set(re.findall(r'(?:src|href)="/static/[^/]+/([^"]+\.(?:js|css|svg))"', page.text))
    assert not [name for name in parts if Path(name).stem in LATER]
    sent = [len(gzip.compress(part, 6)) for part in (page.data, *map(read_static, parts))]
    fonts = [len(read_static(name)) for name in FILES if name.endswith(".woff2")]
    assert sum(sent + fonts) < 148_000


def read_static(name: str) -> bytes:
    return (STATIC / name).read_bytes()


def test_a_change_of_words_consent_or_page_is_fetched_anew() -> None:
    """The worker's version is a digest of these: what is missing would stay old on every phone."""
    names = {path.name for path in source_files()}
    assert {"script_texts.py", "blueprint.py", "messages.po", "app.js", "worker.js"} <= names
    assert {"layout.html", "do.html", "consent.vi.txt"} <= names
    assert all(path.is_file() for path in source_files())


def test_a_phone_gets_the_page_anew_when_what_it_agrees_to_changes(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> str:
        return client.get("/do/worker.js").text.partition("\n")[0]

    first = kept()
    assert kept() == first
    monkeypatch.setattr(consent, "CURRENT", "5")
    newer = kept()
    app.config["OPERATOR_NAME"] = "Sở KH&CN Thái Nguyên"
    latest = kept()
    with counting_from(app, "witnessed"):
        assert len({first, newer, latest, kept()}) == 4


def test_it_can_be_installed(client: FlaskClient) -> None:
    page = client.get("/do/?lang=en").text
    link = re.findall(r'rel="manifest" href="([^"]+)"', page)[0]
    manifest = client.get(link.replace("&amp;", "&")).json
    assert manifest["scope"] == "/do/" and manifest["start_url"] == "/do/?lang=en"
    assert "ACDE" not in page
    carried = client.get("/do/app.webmanifest?lang=vi&code=ACDEFGHJ")
    assert carried.json["start_url"] == "/do/?lang=vi#ACDEFGHJ"
    assert carried.headers["Cache-Control"] == "no-store"
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        with client.get(icon["src"]) as drawn:
            assert drawn.mimetype == "image/png"


def test_the_short_address_leads_to_the_page_and_keeps_the_code_from_logs(
    client: FlaskClient,
) -> None:
    answer = client.get("/j/ACDEFGHJ")
    assert (answer.status_code, answer.location) == (302, "/do/#ACDEFGHJ")
    assert client.get("/j/%3Cscript%3E").location.startswith("/do/#%3C")
    assert client.get("/do").status_code == 308


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_of_withdrawal(client: FlaskClient, language: str) -> None:
    page = client.get(f"/withdraw?lang={language}").text
    assert 'id="withdrawal_code"' in page and "JavaScript" in page
