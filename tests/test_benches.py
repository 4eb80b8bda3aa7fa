"""Parts of benches that decide whether their figures are true."""

import socket
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "scripts" / "bench.d"))

from parts.http import Refused, exchange, request
from parts.load import A_DAY, Load, samples_of


def answered(head: str, body: bytes = b"") -> bytes:
    """Exchange a request for this answer; the server then closes the connection."""
    client, server = socket.socketpair()
    with client, server:
        server.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        server.shutdown(socket.SHUT_WR)
        return exchange(client, request("GET", "/", "", b""))


def test_the_length_is_that_of_the_header_of_this_name() -> None:
    head = "HTTP/1.1 200 OK\nX-Original-Content-Length: 9\ncontent-length: 2"
    assert answered(head, b"ok") == b"ok"


def test_a_connection_closed_within_an_answer_is_an_error() -> None:
    for body in (b"", b"half"):
        with pytest.raises(ConnectionError):
            answered("HTTP/1.1 200 OK\nContent-Length: 9", body)


def test_another_answer_than_success_is_counted_by_its_status() -> None:
    with pytest.raises(Refused) as refused:
        answered("HTTP/1.1 503 Service Unavailable\nContent-Length: 0")
    assert refused.value.status == "503"


@pytest.mark.parametrize("kind", ["phones", "late"])
def test_no_sample_of_a_load_is_in_the_future(kind: str) -> None:
    # 20 batches of 50 a second for 4 s, of 16 phones: the most that a thread prepares of a phone.
    made = islice(samples_of(Load(kind, 50, 4.0), 1), 250)
    times = [datetime.fromisoformat(one["measured_at"]) for one in made]
    assert max(times) < datetime.now(UTC)
    assert min(times) > datetime.now(UTC) - timedelta(days=60)
    ordered = sorted(times[:A_DAY], reverse=kind == "late")
    assert times[:A_DAY] == ordered
