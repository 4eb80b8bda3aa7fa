"""The client kits are built from today's OpenAPI document, are typed, and keep all rules."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Route, sync_playwright

from tests.support import devices
from tests.support.browser import OPTIONS, required_program
from tests.support.client_kits import build_kit, require_npm
from tests.support.live_server import serving_app
from tests.tools.conformance.own_clients import Run, python_kit, typescript_kit, verdicts_on
from tests.tools.conformance.rules import KEPT, lines
from tests.tools.docs_generator.api import METHODS

pytestmark = pytest.mark.long
NODE_TESTS = Path(__file__).parent / "data" / "client_kit.test.mjs"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Python kit."""
    return build_kit("python", tmp_path_factory.mktemp("kit"))


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the TypeScript kit, whose build checks its types."""
    require_npm()
    return build_kit("typescript", tmp_path_factory.mktemp("kit"))


@pytest.fixture
def kit(python: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of the phone of the Python kit."""
    monkeypatch.syspath_prepend(str(python / "python"))
    from dosong_client import phone

    yield phone


def sample(**changes: Any) -> dict[str, Any]:
    return devices.sample(datetime.now(UTC) - timedelta(seconds=1)) | changes


def assert_keeps_the_rules(run: Run, app: Flask, folder: Path) -> None:
    with serving_app(app) as url:
        verdicts = verdicts_on(run, url, folder / "client")
    assert {one.state for one in verdicts} == {KEPT}, "\n".join(lines(verdicts))


def test_the_python_kit_keeps_the_rules(app: Flask, python: Path, tmp_path: Path) -> None:
    assert_keeps_the_rules(python_kit(python), app, tmp_path)


def test_the_typescript_kit_keeps_the_rules(app: Flask, typescript: Path, tmp_path: Path) -> None:
    assert_keeps_the_rules(typescript_kit(typescript), app, tmp_path)


def test_the_layer_of_the_python_kit_is_typed(python: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml"]
    command += ["--cache-dir", str(tmp_path), "-p", "dosong_client"]
    done = subprocess.run(
        command, cwd=python / "python", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_operation_is_a_function_of_the_python_kit(python: Path) -> None:
    document = json.loads((python / "python" / "openapi.json").read_text(encoding="utf-8"))
    names = {
        item[method]["operationId"]
        for item in document["paths"].values()
        for method in METHODS
        if method in item
    }
    modules = {path.stem for path in (python / "python" / "dosong_client" / "api").rglob("*.py")}
    assert len(names) > 150 and names - modules == set()


def test_the_python_kit_keeps_its_queue_over_a_restart(
    app: Flask, kit: Any, tmp_path: Path
) -> None:
    path = tmp_path / "phone.sqlite"
    phone = kit.Phone("http://127.0.0.1:1", kit.Store(path))  # no server
    wrong = sample(status="wrong")
    added = [phone.add(one) for one in (sample(), wrong)]
    phone.close()
    assert path.stat().st_mode & 0o777 == 0o600
    answers: list[str] = []
    with serving_app(app) as url:
        phone = kit.Phone(url, kit.Store(path), on_result=lambda _, one: answers.append(one["id"]))
        assert [one["id"] for one in phone.waiting()] == added
        assert phone.send().outcome == "nothing"  # not registered
        assert not phone.register(lambda text: False)
        assert phone.register(lambda text: "Viettel" not in text, model="kit")
        code = phone.withdrawal_code
        assert phone.send().outcome == "sent" and answers == added
        [(body, answer)] = phone.refused()
        assert (body["id"], answer["outcome"]) == (added[1], "rejected")
        phone.close()
        phone = kit.Phone(url, kit.Store(path))
        assert phone.register(lambda text: False) and phone.withdrawal_code == code
        from dosong_client.api.measurements import list_measurements

        with phone.client() as client:  # the generated functions, as the phone
            [own] = list_measurements.sync(client=client).items
        assert str(own.id) == added[0]
        phone.withdraw()
        assert phone.refused() == [] and phone.withdrawal_code is None
        phone.close()


def test_a_number_that_json_has_not_blocks_no_other_sample(kit: Any, tmp_path: Path) -> None:
    phone = kit.Phone("http://127.0.0.1:1", kit.Store(tmp_path / "phone.sqlite"))
    with pytest.raises(ValueError):
        phone.add(sample() | {"ping_ms": float("nan")})
    phone.add(sample())
    assert len(phone.waiting()) == 1
    phone.close()


def test_without_a_server_the_python_kit_pauses_and_keeps_the_pause(
    kit: Any, tmp_path: Path
) -> None:
    path = tmp_path / "phone.sqlite"
    store = kit.Store(path)
    store.write("device", {"id": "a", "token": "b", "proven": True})
    phone = kit.Phone("http://127.0.0.1:1", store)
    phone.add(sample())
    for limit in (2, 4, 8):
        assert phone.send(afresh=True).outcome == "later"  # a person begins at the first limit
        assert store.read("pause")["limit"] == 2
        store.write("pause", {"until": 0, "earliest": 0, "limit": limit})
        assert phone.send().outcome == "later"
        assert store.read("pause")["limit"] == 2 * limit
    store.write("pause", {"until": 4e12, "earliest": 0, "limit": 1})  # of a clock that was changed
    assert phone.send().outcome == "later" and store.read("pause")["until"] < 4e12
    left = phone.send().wait
    phone.close()
    phone = kit.Phone("http://127.0.0.1:1", kit.Store(path))
    assert 0 < phone.send().wait <= left
    phone.close()


def test_the_sign_in_page_of_a_hotspot_is_no_answer_for_the_python_kit(
    kit: Any, tmp_path: Path
) -> None:
    statuses = [200, 302, 401, 404, 511]

    class Hotspot(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(statuses[0])
            self.end_headers()
            self.wfile.write(b"<html>Sign in</html>")

        def log_message(self, *args: object) -> None:
            pass

    store = kit.Store(tmp_path / "phone.sqlite")
    store.write("device", {"id": "a", "token": "b", "proven": True})
    with HTTPServer(("127.0.0.1", 0), Hotspot) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        phone = kit.Phone(f"http://127.0.0.1:{server.server_port}", store)
        phone.add(sample())
        while statuses:
            assert phone.send(afresh=True).outcome == "later", statuses[0]
            statuses.pop(0)
        assert len(phone.waiting()) == 1
        phone.close()
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def installed(typescript: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of an app in which the TypeScript kit is installed."""
    folder = tmp_path_factory.mktemp("app")
    archive = next(typescript.glob("*.tgz"))
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", archive]
    subprocess.run(command, cwd=folder, check=True)
    return folder


PAGE = """<!doctype html><title>An app</title>
<script type="importmap">{"imports": {
  "openapi-fetch": "/kit/openapi-fetch/dist/index.mjs",
  "dosong-client": "/kit/dosong-client/dist/index.js"}}</script>"""
OPEN = """const { IndexedDbStorage, Phone } = await import("dosong-client");
const answers = [];
const options = { onResult: (body, result) => answers.push(result.outcome) };
const phone = new Phone(location.origin, new IndexedDbStorage(), options);"""


def test_the_typescript_kit_keeps_its_queue_in_a_browser(app: Flask, installed: Path) -> None:
    # In a thread of its own: Playwright may run in this one, for tests of pages.
    with serving_app(app) as url, ThreadPoolExecutor(1) as pool:
        found = pool.submit(send_from_a_browser, url, installed).result()
    assert found == ["sent", ["accepted", "rejected"], 1, []]


def send_from_a_browser(url: str, installed: Path) -> Any:
    """Store two samples in a page, open it anew, send and withdraw; return what became of them."""

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path.removeprefix("/kit/")
        if path == "index.html":
            route.fulfill(body=PAGE, content_type="text/html")
        else:
            route.fulfill(path=installed / "node_modules" / path, content_type="text/javascript")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=required_program(), args=list(OPTIONS))
        page = browser.new_page()
        page.route(f"{url}/kit/**", answer)
        page.goto(f"{url}/kit/index.html")
        add = "for (const one of samples) await phone.add(one); await phone.register(() => true);"
        page.evaluate(f"async (samples) => {{ {OPEN} {add} }}", [sample(), sample(status="x")])
        page.goto(f"{url}/kit/index.html")  # a new page; the database remains
        send = "const { outcome } = await phone.send(); const { length } = await phone.refused();"
        end = "await phone.withdraw(); return [outcome, answers, length, await phone.waiting()];"
        found = page.evaluate(f"async () => {{ {OPEN} {send} {end} }}")
        browser.close()
    return found


def test_the_typescript_kit_keeps_its_queue_over_a_restart(app: Flask, installed: Path) -> None:
    script = installed / NODE_TESTS.name
    script.write_text(NODE_TESTS.read_text(encoding="utf-8"), encoding="utf-8")
    samples = json.dumps([sample(), sample(status="wrong")])
    with serving_app(app) as url:
        done = subprocess.run(
            ["node", "--test", script.name], cwd=installed, capture_output=True, text=True,
            env=os.environ | {"URL": url, "SAMPLES": samples},
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
