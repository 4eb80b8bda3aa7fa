"""Behind nginx late requests are refused, and half-sent ones hold no thread."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.http import load_shedding
from backend.http.load_shedding import AGE_BELIEVED_S, MAX_WAIT_S, RETRY_S, STARTED_HEADER
from backend.server.running.serve import answers
from tests.support.factories import post, register, sample
from tests.support.nginx import free_port, needs_nginx, running_nginx
from tests.support.people import person
from tests.tools.phone_simulator.client import Client

URL, COVERAGE = "/api/v1/measurements", "/api/v1/coverage"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def proxied(app: Flask, client: FlaskClient) -> FlaskClient:
    app.config["TRUSTED_PROXIES"] = 1
    return client


def waited(seconds: float) -> dict[str, str]:
    return {STARTED_HEADER: f"t={time.time() - seconds:.3f}"}


def test_a_request_that_waited_too_long_is_told_when_to_come_again(proxied: FlaskClient) -> None:
    answer = proxied.post(URL, json=sample(), headers=waited(MAX_WAIT_S + 0.1))
    assert answer.status_code == 503 and answer.json["code"] == "busy"
    assert RETRY_S[0] <= int(answer.headers["Retry-After"]) <= RETRY_S[1]
    for path in ("/healthz", "/readyz", "/metrics"):
        assert proxied.get(path, headers=waited(MAX_WAIT_S + 0.1)).status_code == 200


@pytest.mark.parametrize("age", [MAX_WAIT_S - 0.5, AGE_BELIEVED_S + 1, -30, float("nan")])
def test_a_stall_and_a_wrong_clock_are_no_reason(proxied: FlaskClient, age: float) -> None:
    phone = register(proxied)
    assert proxied.post(URL, json=sample(), headers=phone | waited(age)).status_code == 201


@pytest.mark.parametrize("started", ["", "t=", "yesterday"])
def test_a_header_that_is_no_time_is_no_reason(proxied: FlaskClient, started: str) -> None:
    assert proxied.get("/", headers={STARTED_HEADER: started}).status_code == 200


def test_without_a_proxy_the_header_is_not_believed(client: FlaskClient) -> None:
    phone = register(client)
    answer = client.post(URL, json=sample(), headers=phone | waited(MAX_WAIT_S + 1))
    assert answer.status_code == 201


def test_costly_answers_are_built_one_after_the_other(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_shedding, "COSTLY_WAIT_S", 0.1)
    anybody = load_shedding.Party("anybody", signed_in=False)
    post(client, register(client), sample())
    ogc, odata = "/ogc/collections/2024-11-mobile/items", "/api/v1/odata/Coverage"
    costly = [
        f"{COVERAGE}?month=2024-11&format=xlsx",
        f"{COVERAGE}?month=2024-11&format=csv",
        f"{COVERAGE}?from=2024-10&to=2024-11",
        f"{ogc}?limit=1000",
        f"{odata}?$filter=contains(Name,'zzz')",
        f"{odata}?$orderby=Counted",
        f"{odata}/$count?$filter=contains(Name,'zzz')",
    ]
    others = [
        f"{COVERAGE}?month=2024-11",
        f"{COVERAGE}?month=2024-11&parent=19&format=xlsx",
        f"{ogc}?limit=10",
        odata,
        f"{odata}?$filter=Month eq '2024-11' and Network eq 'mobile'&$orderby=Counted",
    ]
    for url in costly:
        assert client.get(url).status_code == 200, url
    with app.app_context(), ExitStack() as places:
        for _ in range(load_shedding.COSTLY_AT_ONCE):
            places.enter_context(load_shedding.costly(anybody))
        for url in costly:  # kept while no count changes
            assert client.get(url).status_code == 200, url
        post(client, register(client), sample("2024-11-19T10:00:00+07:00"))
        for url in costly:
            answer = client.get(url)
            assert (answer.status_code, "busy" in answer.text) == (503, True), url
            assert RETRY_S[0] <= int(answer.headers["Retry-After"]) <= RETRY_S[1]
        for url in others:
            assert client.get(url).status_code == 200, url
        # Anybody can keep the places of the public taken, but not that of people who signed in.
        own = person(app, "admin")
        assert client.get(costly[0], headers=own).status_code == 200
        assert post(client, register(client), sample()).status_code == 201
    for url in costly:
        assert client.get(url).status_code == 200, url


def test_odata_of_a_person_is_not_kept(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_shedding, "COSTLY_WAIT_S", 0.1)
    own, url = person(app, "admin"), "/api/v1/odata/Coverage?$orderby=Counted"
    post(client, register(client), sample())
    assert client.get(url, headers=own).status_code == 200
    with (
        app.app_context(),
        load_shedding.costly(load_shedding.Party("person 0", signed_in=True)),
    ):
        assert client.get(url, headers=own).status_code == 503
        assert client.get(url).status_code == 200


SLOW = """
import time
from flask import Flask
from backend.http import load_shedding, logging, problems

load_shedding.RETRY_S = 1, 2
app = Flask(__name__)
app.config["TRUSTED_PROXIES"] = 1
logging.init_app(app)
load_shedding.init_app(app)
problems.init_app(app)

@app.post("/api/v1/measurements")
@app.get("/")
def index():
    time.sleep(0.4)
    return "served", 201
"""


@pytest.fixture(scope="module")
def slow_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """nginx in front of gunicorn with one thread that needs 0.4 s for each request."""
    folder = tmp_path_factory.mktemp("slow")
    (folder / "slow.py").write_text(SLOW)
    with gunicorn("slow:app", folder) as app, running_nginx(folder, f"127.0.0.1:{app}") as port:
        yield port


@contextmanager
def gunicorn(app: str, folder: Path, **environment: str) -> Iterator[int]:
    """gunicorn with one thread; yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--threads", "1", app]
    command += ["-b", f"127.0.0.1:{port}", "--pythonpath", f"{folder},{ROOT}"]
    command += ["--no-control-socket", "--log-level", "error"]
    with subprocess.Popen(command, env=os.environ | environment) as process:
        try:
            deadline = time.monotonic() + 60
            while not answers(f"http://127.0.0.1:{port}"):
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def ask(port: int, path: str = "/") -> tuple[int, str | None]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Retry-After")


def ask_at_once(port: int, count: int) -> list[tuple[int, str | None]]:
    with ThreadPoolExecutor(count) as clients:
        return list(clients.map(lambda _: ask(port), range(count)))


@needs_nginx
@pytest.mark.slow
def test_overload_is_shed_and_served_again_afterwards(slow_port: int) -> None:
    began = time.monotonic()
    answered = ask_at_once(slow_port, 30)
    statuses = [status for status, _ in answered]
    assert 2 <= statuses.count(201) <= 5  # a second is three of them
    assert statuses.count(503) == 30 - statuses.count(201)
    assert all(retry for status, retry in answered if status == 503)
    assert time.monotonic() - began < MAX_WAIT_S + 3.0  # the refused ones take no time
    assert ask(slow_port)[0] == 201


@needs_nginx
@pytest.mark.slow
def test_phones_that_were_refused_come_again_and_are_served(slow_port: int) -> None:
    refused: list[float] = []

    def send() -> int:
        phone = Client(f"http://127.0.0.1:{slow_port}", Random(1))
        while (answer := phone.post("measurements", {})).status == 503:
            assert answer.retry_after is not None
            refused.append(answer.retry_after)
            time.sleep(answer.retry_after)
        return answer.status

    with ThreadPoolExecutor(9) as phones:
        assert [each.result() for each in [phones.submit(send) for _ in range(9)]] == [201] * 9
    assert refused


def opened(port: int, start: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 30)
    connection.sendall(start)
    return connection


@needs_nginx
@pytest.mark.slow
@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost:",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
    ],
    ids=["silent", "half a head", "half a body"],
)
def test_slow_clients_keep_nobody_waiting(slow_port: int, start: bytes) -> None:
    """As many clients as the server has threads, and many more: it still answers."""
    slow = [opened(slow_port, start) for _ in range(40)]
    time.sleep(0.3)
    began = time.monotonic()
    assert ask(slow_port)[0] == 201
    assert time.monotonic() - began < 1.5
    if start.startswith(b"GET"):
        slow[0].sendall(b" x\r\n\r\n")  # slow, but in time
        answer = HTTPResponse(slow[0])
        answer.begin()
        assert answer.status == 201
    for connection in slow:
        connection.close()


SPEED = """
from backend.web.measure import speed

speed.TRANSFER_S = 1.0
from backend.server.gunicorn.speed import speed_app

app = speed_app()
"""


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"a", b""], ids=["trickles in", "stalls"])
def test_a_slow_upload_gives_its_thread_back(tmp_path: Path, sent: bytes) -> None:
    """nginx passes uploads of the speed test on as they come."""
    (tmp_path / "trickling.py").write_text(SPEED)
    head = b"POST /do/up HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    with (
        gunicorn("trickling:app", tmp_path, VAR_DIR=str(tmp_path), SECRET_KEY="s" * 64) as port,
        closing(opened(port, head)) as connection,
    ):
        with suppress(OSError):
            for _ in range(20):
                connection.sendall(sent)
                time.sleep(0.1)
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == 408
        began = time.monotonic()
        assert ask(port, "/healthz")[0] == 200
        assert time.monotonic() - began < 5.0
