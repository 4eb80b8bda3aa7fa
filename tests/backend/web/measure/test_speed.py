"""The speed test's transfers: their bytes, their bounds, and that they never take every thread."""

import gzip
import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.errors import Problem
from backend.server.gunicorn.speed import speed_app
from backend.web.measure.speed import MAX_TRANSFER, TICKET_FACTOR, TransferLimiter, noise
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.speed_tests import download, sign_ticket, start

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
ADDRESS = "203.0.113.7"


@pytest.mark.parametrize("size", [0, 1, 65_537, 3_000_000])
def test_down_sends_as_many_bytes_as_were_asked_for(client: FlaskClient, size: int) -> None:
    with client.get(f"/do/down?bytes={size}") as answer:
        assert answer.status_code == 200
        assert (len(answer.data), answer.content_length) == (size, size)
        assert answer.headers["Cache-Control"] == "no-store, no-transform"
        assert answer.headers["Timing-Allow-Origin"] == "*"
        assert float(answer.headers["Server-Timing"].removeprefix("cfRequestDuration;dur=")) > 0
        assert "Content-Encoding" not in answer.headers


def test_the_bytes_cannot_be_packed() -> None:
    sent = b"".join(noise(2_000_000))
    assert len(gzip.compress(sent)) > 0.999 * len(sent)


@pytest.mark.parametrize("query", ["", "?bytes=-1", f"?bytes={MAX_TRANSFER + 1}", "?bytes=x"])
def test_down_is_bounded(client: FlaskClient, query: str) -> None:
    assert client.get(f"/do/down{query}").status_code == 422


def test_up_takes_any_body_and_keeps_nothing(client: FlaskClient) -> None:
    answer = client.post("/do/up?bytes=3000000", data=b"0" * 3_000_000)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Server-Timing" in answer.headers


def test_up_is_bounded_before_it_is_read(client: FlaskClient) -> None:
    found = {"CONTENT_LENGTH": str(MAX_TRANSFER + 1)}
    assert client.post("/do/up", environ_overrides=found).status_code == 413
    unknown = client.post("/do/up")
    assert (unknown.status_code, unknown.json["code"]) == (411, "length_required")
    assert unknown.json["title"] != "length_required"


def test_who_finds_every_slot_taken_is_told_when_to_come_again(
    app: Flask, client: FlaskClient
) -> None:
    app.extensions["transfer_limiter"] = TransferLimiter(1, 10**9)
    slow = client.get("/do/down?bytes=100000", buffered=False)
    busy = client.get("/do/down?bytes=100000")
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")
    assert client.get("/do/down?bytes=0").status_code == 200  # a ping waits for nobody
    slow.close()
    with client.get("/do/down?bytes=100000") as again:
        assert again.status_code == 200


def test_one_address_leaves_slots_to_others() -> None:
    """The attack: 6 slow uploads of one address, and 20 of 20 downloads were refused."""
    limiter = TransferLimiter(8, 10**9)
    running = [limiter.begin(ADDRESS, 1, NOON) for _ in range(6)]
    with pytest.raises(Problem) as refused:
        limiter.begin(ADDRESS, 1, NOON)
    assert refused.value.status == 429
    others = [limiter.begin("198.51.100.4", 1, NOON) for _ in range(2)]
    for transfer in (*running, *others):
        transfer.finish()
    limiter.begin(ADDRESS, 1, NOON)


def test_a_transfer_that_takes_too_long_gives_its_slot_back(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.extensions["transfer_limiter"] = TransferLimiter(1, 10**9)
    monkeypatch.setattr("backend.web.measure.speed.TRANSFER_S", -1.0)
    slow = client.post("/do/up", data=b"0" * 100_000)
    assert (slow.status_code, slow.json["code"]) == (408, "transfer_too_slow")
    with pytest.raises(ConnectionResetError):
        list(noise(100_000))
    monkeypatch.undo()
    assert client.post("/do/up", data=b"0" * 100_000).status_code == 204


class LostConnection(io.BytesIO):
    """A body that ends with the timeout of its connection."""

    def read(self, size: int | None = None) -> bytes:
        raise TimeoutError


@pytest.mark.parametrize("path", ["/do/up", "/api/v1/measurements"])
def test_an_upload_that_times_out_is_no_error_of_the_server(client: FlaskClient, path: str) -> None:
    lost = {"wsgi.input": LostConnection(), "wsgi.input_terminated": True, "CONTENT_LENGTH": "10"}
    headers = register(client) | {"Content-Type": "application/json"}
    assert client.post(path, headers=headers, environ_overrides=lost).status_code == 408


def test_a_slot_is_given_back_once() -> None:
    limiter = TransferLimiter(2, 10**9)
    transfer = limiter.begin(ADDRESS, 1, NOON)
    limiter.begin("203.0.113.9", 1, NOON)
    transfer.finish()
    transfer.finish()
    limiter.begin(ADDRESS, 1, NOON)
    with pytest.raises(Problem) as refused:
        limiter.begin(ADDRESS, 1, NOON)
    assert refused.value.status == 429


def move(limiter: TransferLimiter, size: int, now: datetime = NOON, **options: bool) -> None:
    transfer = limiter.begin(ADDRESS, size, now, **options)
    list(transfer.count([bytes(size)]))
    transfer.finish()


def test_an_address_has_a_budget_an_hour() -> None:
    limiter = TransferLimiter(4, 1000)
    move(limiter, 900)
    with pytest.raises(Problem) as refused:
        move(limiter, 200, NOON + timedelta(minutes=20))
    assert refused.value.headers["Retry-After"] == "2400"
    limiter.begin("203.0.113.8", 900, NOON).finish()
    move(limiter, 900, NOON + timedelta(hours=1))


def test_transfers_without_a_ticket_leave_the_budget_of_tests() -> None:
    limiter = TransferLimiter(4, 1000)
    move(limiter, 1000)
    for _ in range(TICKET_FACTOR):
        move(limiter, 1000, ticket=True)
    with pytest.raises(Problem):
        move(limiter, 1, ticket=True)


def test_what_did_not_move_is_not_charged(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: 3,681 requests that ended at once, and others waited for the rest of the hour."""
    limiter = TransferLimiter(8, 2 * MAX_TRANSFER)
    monkeypatch.setitem(app.extensions, "transfer_limiter", limiter)
    for _ in range(200):
        with client.get(f"/do/down?bytes={MAX_TRANSFER}", buffered=False) as answer:
            assert answer.status_code == 200
        length = {"CONTENT_LENGTH": str(MAX_TRANSFER)}
        assert client.post("/do/up", data=b"0", environ_overrides=length).status_code == 400
    assert sum(limiter._bytes_moved.values()) < 1_000
    with client.get("/do/down?bytes=1000000") as answer:
        assert len(answer.data) == 1_000_000
    assert sum(limiter._bytes_moved.values()) > 1_000_000


def test_a_test_with_a_ticket_is_not_refused_for_transfers_without(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "transfer_limiter", TransferLimiter(8, 1_000_000))
    with client.get("/do/down?bytes=1000000") as answer:
        assert len(answer.data) == 1_000_000
    assert client.get("/do/down?bytes=1").status_code == 429
    assert client.get("/do/down?bytes=100&test=unknown").status_code == 404
    assert download(client, start(client, sign_ticket(app)), 1_000_000)


def test_a_refused_transfer_holds_no_slot() -> None:
    limiter = TransferLimiter(1, 1000)
    for _ in range(3):
        with pytest.raises(Problem) as refused:
            limiter.begin(ADDRESS, 2000, NOON)
        assert refused.value.headers["Retry-After"] == "3600"
    limiter.begin(ADDRESS, 10, NOON)


def test_slots_hold_when_many_come_at_once() -> None:
    limiter, within, most = TransferLimiter(3, 10**9), [0], [0]
    lock = threading.Lock()

    def transfer() -> None:
        for _ in range(200):
            try:
                slot = limiter.begin(ADDRESS, 1, NOON)
            except Problem:
                continue
            with lock:
                within[0] += 1
                most[0] = max(most[0], within[0])
            with lock:
                within[0] -= 1
            slot.finish()

    threads = [threading.Thread(target=transfer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (within[0], 1 <= most[0] <= 3) == (0, True)


def test_the_process_of_its_own_serves_the_same_and_knows_no_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, clock: FakeClock
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("SPEED_AT_ONCE", "1")
    monkeypatch.setattr("backend.web.measure.speed.MAX_ADDRESS_PER_HOUR", 0)
    alone = speed_app().test_client()
    assert alone.get("/healthz").status_code == 200
    assert alone.get("/do/down?bytes=0").status_code == 200
    refused = alone.get("/do/down?bytes=5")
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert alone.get("/api/v1/units").status_code == 404
