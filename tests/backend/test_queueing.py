"""Too much at once: who has waited too long is sent away before any work is done."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from backend.queueing import RETRY_S, WAIT_MOST_S, waited_s
from tests.factories import register, sample

URL = "/api/v1/measurements"


@pytest.fixture
def long_wait() -> Iterator[None]:
    token = waited_s.set(WAIT_MOST_S + 0.1)
    yield
    waited_s.reset(token)


def test_who_waited_too_long_is_told_when_to_come_again(
    client: FlaskClient, long_wait: None
) -> None:
    answer = client.post(URL, json=sample())
    assert answer.status_code == 503 and answer.json["code"] == "busy"
    assert RETRY_S[0] <= int(answer.headers["Retry-After"]) <= RETRY_S[1]
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_short_wait_is_no_reason(client: FlaskClient) -> None:
    headers = register(client)
    token = waited_s.set(WAIT_MOST_S - 0.1)
    try:
        assert client.post(URL, json=sample(), headers=headers).status_code == 201
    finally:
        waited_s.reset(token)


SLOW = """
import time
from backend.queueing import waited_s

def app(environ, start_response):
    waited = waited_s.get()
    time.sleep(0.4)
    body = f"{waited:.3f}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


@pytest.fixture
def slow_port(tmp_path: Path) -> Iterator[int]:
    """gunicorn with our worker, one thread, and an application that tells how long one waited."""
    (tmp_path / "slow.py").write_text(SLOW)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-k", "backend.server.worker.Worker", "slow:app"]
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


def ask(port: int, waits: list[float]) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), 30)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b""
        while chunk := connection.recv(4_096):
            data += chunk
        waits.append(float(data.rpartition(b"\r\n")[2]))


def test_the_worker_notes_how_long_each_request_waited(slow_port: int) -> None:
    waits: list[float] = []
    threads = [threading.Thread(target=ask, args=(slow_port, waits)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second, third = sorted(waits)
    assert first < 0.3 and second >= first + 0.3 and third >= second + 0.3


def test_silent_connections_keep_nobody_waiting(slow_port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", slow_port)) for _ in range(5)]
    time.sleep(0.2)  # accepted before the one that speaks
    began, waits = time.monotonic(), list[float]()
    ask(slow_port, waits)
    assert time.monotonic() - began < 2.0 and waits[0] < 0.5
    silent[0].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert silent[0].recv(4_096).startswith(b"HTTP/1.1 200")
    for connection in silent:
        connection.close()
