"""Parts of benches that decide whether their figures are true."""

import re
import socket
import sys
from datetime import UTC, datetime, timedelta
from itertools import combinations, islice
from pathlib import Path

import pytest

from geo.fix import distance_m

sys.path.append(str(Path(__file__).parents[1] / "scripts" / "bench.d"))

from parts import load
from parts.http import Refused, exchange, request
from parts.load import A_DAY, Load, Rate, neighbours, samples_of, walk


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


@pytest.mark.parametrize("kind", ["phones", "late", "apart", "crossing"])
def test_no_sample_of_a_load_is_in_the_future(kind: str) -> None:
    # 20 batches of 50 a second for 4 s, of 8 phones: the most that a thread prepares of a phone.
    made = islice(samples_of(Load(kind, 50, 4.0), 1), 500)
    times = [datetime.fromisoformat(one["measured_at"]) for one in made]
    assert max(times) < datetime.now(UTC)
    assert min(times) > datetime.now(UTC) - timedelta(days=60)
    ordered = sorted(times[:A_DAY], reverse=kind == "late")
    assert times[:A_DAY] == ordered


def test_samples_of_a_phone_are_no_repeats_and_of_one_network() -> None:
    for phone in range(8):
        day = list(islice(walk(phone), A_DAY))
        assert len({one["network"]["mnc"] for one in day}) == 1
        spots = [(one["location"]["longitude"], one["location"]["latitude"]) for one in day]
        near = [distance_m(*one, *other) < 100 for one, other in combinations(spots, 2)]
        assert sum(near) <= 2


def test_batches_that_cross_lie_in_many_communes() -> None:
    some = [one["location"] for one in islice(samples_of(Load("crossing", 50, 4.0), 1), 300)]
    areas = {
        (west, south)
        for west, south, width, height in neighbours()
        for one in some
        if 0 <= one["longitude"] - west <= width and 0 <= one["latitude"] - south <= height
    }
    assert len(areas) > 100


def test_packages_of_the_peers_are_locked() -> None:
    folder = Path(__file__).parents[1] / "scripts" / "bench.d" / "peers"
    wanted = (folder / "requirements.in").read_text().splitlines()
    names = {re.split(r"[\[=]", line)[0] for line in wanted if not line.startswith("#")}
    locked = (folder / "requirements.txt").read_text()
    assert names <= set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", locked, re.M))
    assert "://" not in locked


def test_rates_have_the_times_of_answers_and_refusals() -> None:
    def refuse() -> int:
        raise Refused("503", b"", b"")

    rates: list[Rate] = []
    load._work([lambda: 2, refuse, lambda: 3], lambda: None, Load("phones", 1, 5.0), rates)
    (rate,) = rates
    assert (rate.done, dict(rate.refused), len(rate.took)) == (5, {"503": 1}, 3)
    assert rate.samples > 0
