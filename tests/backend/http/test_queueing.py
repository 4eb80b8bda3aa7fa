"""Too much at once: who has waited too long is sent away before any work is done."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPResponse
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from backend.http.load_shedding import (
    RETRY_S,
    WAIT_MOST_S,
    WAIT_STANDING_S,
    CoDelQueue,
    waited_too_long,
)
from backend.i18n.messages import message
from tests.support.factories import register, sample

URL = "/api/v1/measurements"


@pytest.fixture
def long_wait() -> Iterator[None]:
    token = waited_too_long.set(True)
    yield
    waited_too_long.reset(token)


def test_who_waited_too_long_is_told_when_to_come_again(
    client: FlaskClient, long_wait: None
) -> None:
    answer = client.post(URL, json=sample())
    assert answer.status_code == 503 and answer.json["code"] == "busy"
    assert RETRY_S[0] <= int(answer.headers["Retry-After"]) <= RETRY_S[1]
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_short_wait_is_no_reason(client: FlaskClient) -> None:
    assert client.post(URL, json=sample(), headers=register(client)).status_code == 201


def sent_away(line: CoDelQueue, takes_s: float, between_s: float, count: int) -> list[float]:
    """One thread needs so long for each and nothing to refuse one; how long the refused waited."""
    free_at, waits = 0.0, []
    for number in range(count):
        joined = 100.0 + number * between_s
        taken = max(joined, free_at)
        refused = line.is_late(joined, taken)
        waits += [taken - joined] * refused
        free_at = taken + takes_s * (not refused)
    return waits


def test_what_a_stall_piles_up_is_served() -> None:
    line = CoDelQueue()
    assert not any(line.is_late(100.0 + k / 50, 101.0 + k / 100) for k in range(100))


def test_a_line_that_stands_is_kept_short() -> None:
    waits = sent_away(CoDelQueue(), takes_s=0.01, between_s=0.005, count=4_000)  # twice what can be
    assert len(waits) == pytest.approx(2_000, rel=0.1)  # as many as can be served are
    assert max(waits) <= WAIT_MOST_S + 0.01 and max(waits[500:]) <= WAIT_STANDING_S + 0.01


def test_who_comes_after_the_line_has_gone_is_served() -> None:
    line = CoDelQueue()
    assert sent_away(line, takes_s=0.01, between_s=0.005, count=4_000)
    assert not line.is_late(200.0, 200.0)
    assert not line.is_late(200.0, 200.0 + WAIT_MOST_S - 0.1)  # not by what was before
    assert line.is_late(200.0, 200.0 + WAIT_MOST_S + 0.1)


SLOW = """
import time
from backend.http.load_shedding import waited_too_long
from backend.server.gunicorn import worker

worker.HEAD_S, worker.BODY_S, worker.PENDING_MOST = 2.0, 1.0, 50

def app(environ, start_response):
    environ["wsgi.input"].read()
    too_long = waited_too_long.get()
    time.sleep(0.4)
    body = str(too_long).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


@pytest.fixture
def slow_port(tmp_path: Path) -> Iterator[int]:
    """gunicorn with our worker, one thread, an application that tells who waited too long."""
    (tmp_path / "slow.py").write_text(SLOW)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-k",
        "backend.server.gunicorn.worker.Worker",
        "slow:app",
    ]
    command += ["--threads", "1", "-b", f"127.0.0.1:{port}", "--pythonpath", str(tmp_path)]
    command += ["--no-control-socket"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.1)
        yield port
        process.terminate()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "more", "status", "code"),
    [
        (b"GET /?" + b"a" * 5_000 + b" HTTP/1.1", b"", 414, "address_too_long"),
        (b"GET / HTTP/1.1", b"X: " + b"a" * 9_000 + b"\r\n", 431, "head_too_large"),
        (b"GET / of ours", b"", 400, "bad_request"),
        (b"GET / HTTP/1.1", b"Transfer-Encoding: of ours\r\n", 501, "bad_request"),
    ],
    ids=["address", "head", "version", "coding"],
)
def test_what_cannot_be_read_is_refused_as_a_problem(
    slow_port: int, line: bytes, more: bytes, status: int, code: str
) -> None:
    with closing(socket.create_connection(("127.0.0.1", slow_port), 30)) as connection:
        connection.sendall(line + b"\r\nHost: x\r\n" + more + b"\r\n")
        answer = HTTPResponse(connection)
        answer.begin()
        problem = json.loads(answer.read())
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status, problem["status"], problem["code"]) == (status, status, code)
    assert problem["title"] == message(code, "vi") != code


def ask(port: int, answers: list[str]) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), 30)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b""
        while chunk := connection.recv(4_096):
            data += chunk
        answers.append(data.rpartition(b"\r\n")[2].decode())


@pytest.mark.slow
def test_the_worker_notes_who_waited_too_long(slow_port: int) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=ask, args=(slow_port, answers)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    served = answers.index("True")  # two seconds are five of them
    assert 4 <= served <= 6 and answers == ["False"] * served + ["True"] * (8 - served)


@pytest.mark.slow
def test_silent_connections_keep_nobody_waiting(slow_port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", slow_port)) for _ in range(5)]
    time.sleep(0.2)  # accepted before the one that speaks
    began, answers = time.monotonic(), list[str]()
    ask(slow_port, answers)
    assert time.monotonic() - began < 2.0 and answers == ["False"]
    silent[0].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert silent[0].recv(4_096).startswith(b"HTTP/1.1 200")
    for connection in silent:
        connection.close()


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def opened(port: int, start: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 30)
    connection.sendall(start)
    return connection


def answer_of(connection: socket.socket) -> HTTPResponse:
    answer = HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer


@pytest.mark.slow
def test_half_sent_heads_keep_nobody_waiting(slow_port: int) -> None:
    """The attack: 40 clients send half a head, and /healthz was dead for 45 s."""
    half = [opened(slow_port, b"GET / HTTP/1.1\r\nHost:") for _ in range(40)]
    time.sleep(0.2)
    began, answers = time.monotonic(), list[str]()
    ask(slow_port, answers)
    assert time.monotonic() - began < 2.0 and answers == ["False"]
    half[0].sendall(b" x\r\n\r\n")  # slow, but in time
    assert answer_of(half[0]).status == 200
    assert half[1].recv(1) == b""  # closed after HEAD_S
    assert time.monotonic() - began < 5.0
    for connection in half:
        connection.close()


@pytest.mark.slow
def test_the_oldest_of_too_many_half_sent_heads_is_closed(slow_port: int) -> None:
    half = [opened(slow_port, b"GET") for _ in range(51)]
    half[0].settimeout(1.0)
    assert half[0].recv(1) == b""
    half[50].sendall(REQUEST[3:])
    assert answer_of(half[50]).status == 200
    for connection in half:
        connection.close()


@pytest.mark.slow
def test_a_connection_carries_one_request_after_another(slow_port: int) -> None:
    """Two at once, a head in pieces, a body in pieces, one behind a body."""
    with closing(opened(slow_port, REQUEST + REQUEST + b"GET / HT")) as connection:
        assert [answer_of(connection).status for _ in range(2)] == [200, 200]
        for part in (b"TP/1.1\r\n", b"Host: x\r\n", b"\r\n"):
            connection.sendall(part)
            time.sleep(0.1)
        assert answer_of(connection).status == 200
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
        time.sleep(0.1)
        connection.sendall(b"def" + REQUEST)
        assert [answer_of(connection).status for _ in range(2)] == [200, 200]


@pytest.mark.slow
def test_a_body_that_trickles_in_is_given_up(slow_port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    with closing(opened(slow_port, head)) as connection:
        with suppress(OSError):
            for _ in range(20):
                connection.sendall(b"a")
                time.sleep(0.1)
        began, answers = time.monotonic(), list[str]()
        ask(slow_port, answers)  # the only thread is free again
        assert answers and time.monotonic() - began < 5.0
