"""The measuring host: its endpoints, what it accepts, and what it cannot be made to say."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.errors import Problem
from backend.server.gunicorn.speed import speed_app
from backend.witness import measuring_host
from backend.witness.keys import host_key, installation_key, own_host_id
from backend.witness.measuring_host import (
    KEPT,
    MAX_BYTES,
    MAX_EVENTS,
    MAX_TEST,
    MeasuringHost,
    percentile_90,
)
from backend.witness.statements import (
    SigningKey,
    Ticket,
    Witness,
    network_prefix,
    sign,
    verify_witness,
)
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.speed_tests import (
    download,
    end,
    get_ticket,
    sign_ticket,
    start,
    transfer,
    witnessed,
)

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
ISSUER, HOST = SigningKey.from_seed(b"i" * 32), SigningKey.from_seed(b"h" * 32)
HOST_ID = uuid4()


@pytest.fixture
def elapsed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time that the host sees."""
    now = [1000.0]
    monkeypatch.setattr(measuring_host.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def host(tmp_path: Path) -> MeasuringHost:
    issuers = {ISSUER.kid: ISSUER.public_bytes}
    return MeasuringHost(tmp_path / "tests.sqlite", HOST_ID, lambda: HOST, issuers)


def ticket(**changes: object) -> Ticket:
    values = {
        "id": uuid4(), "issuer": ISSUER.kid, "subject": "s", "host_id": HOST_ID,
        "profile": "full", "issued_at": NOON, "expires_at": NOON + timedelta(hours=24),
    } | changes  # fmt: skip
    return Ticket(**values)


def started(host: MeasuringHost) -> str:
    return host.start(sign(ticket(), ISSUER), "203.0.113.0/24", NOON).id


def said(host: MeasuringHost, test: str) -> Witness:
    return verify_witness(host.end(test, NOON + timedelta(seconds=12)), HOST.public_bytes)


def test_a_test_over_http_ends_with_a_signed_witness(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    began = clock.now
    phone = register(client)
    issued = get_ticket(client, phone)
    test = start(client, issued["ticket"])
    nonce = None
    for _ in range(3):
        query = f"&nonce={nonce}" if nonce else ""
        nonce = client.get(f"/do/down?bytes=0&test={test}{query}").text
        assert len(nonce) == 32
    transfer(client, test)
    clock.now += timedelta(seconds=9)
    token = end(client, test)
    clock.now += KEPT - timedelta(minutes=1)
    assert end(client, test) == token
    witness = verify_witness(token, host_key(app.config["VAR_DIR"]).public_bytes)
    assert (str(witness.ticket_id), witness.host_id) == (
        issued["id"], own_host_id(app.config["SECRET_KEY"]),
    )  # fmt: skip
    assert witness.audience == installation_key(app.config["SECRET_KEY"]).kid
    assert (witness.start, witness.end) == (began, began + timedelta(seconds=9))
    assert (witness.down.bytes, witness.up.bytes) == (1_000_000, 500_000)
    assert witness.down.complete
    assert witness.up.complete
    assert witness.rtt_ms is not None
    assert witness.prefix == "127.0.0.0/24"
    assert client.post(f"/do/tests/end?test={test}").json == {
        "witness": token, "complete": True, "ping_ms": witness.rtt_ms,
        "download_mbps": witness.down.mbps, "upload_mbps": witness.up.mbps,
    }  # fmt: skip


def test_a_test_without_transfers_ends_without_values(app: Flask, client: FlaskClient) -> None:
    test = start(client, sign_ticket(app))
    answer = client.post(f"/do/tests/end?test={test}").json
    assert (answer["complete"], answer["download_mbps"], answer["ping_ms"]) == (False, None, None)


def test_the_process_of_its_own_gives_the_same_witness(
    monkeypatch: pytest.MonkeyPatch, app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    issued = get_ticket(client, register(client))
    monkeypatch.setenv("VAR_DIR", str(app.config["VAR_DIR"]))
    monkeypatch.setenv("SECRET_KEY", app.config["SECRET_KEY"])
    separate = speed_app()
    separate.extensions["clock"] = clock
    alone = separate.test_client()
    test = start(alone, issued["ticket"])
    transfer(alone, test)
    assert end(client, test) == end(alone, test)  # they share the state
    foreign = start_status(alone, sign(ticket(), ISSUER))
    assert foreign == (422, "server_foreign")


def start_status(client: FlaskClient, token: object) -> tuple[int, str]:
    answer = client.post("/do/tests", json={"ticket": token})
    return answer.status_code, answer.json.get("code", "")


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (7, "invalid"),
        ("", "ticket_invalid"),
        ("a.b.c", "ticket_invalid"),
        ("é" * 40, "ticket_invalid"),
        ("x" * 2_001, "ticket_invalid"),
        (sign(ticket(), ISSUER), "server_foreign"),
    ],
)
def test_tickets_are_checked_first(client: FlaskClient, token: object, code: str) -> None:
    assert start_status(client, token) == (422, code)


def test_the_body_is_bounded_before_it_is_read(client: FlaskClient) -> None:
    found = {"CONTENT_LENGTH": "1000000"}
    assert client.post("/do/tests", environ_overrides=found).status_code == 413
    assert client.post("/do/tests").status_code == 411


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (sign(ticket(host_id=uuid4()), ISSUER), "host_foreign"),
        (sign(ticket(), SigningKey.from_seed(b"x" * 32)), "server_foreign"),
        (sign(ticket(issued_at=NOON + timedelta(hours=1)), ISSUER), "ticket_expired"),
        (sign(ticket(expires_at=NOON - timedelta(seconds=1)), ISSUER), "ticket_expired"),
        (sign(ticket(), replace(SigningKey.from_seed(b"x" * 32), kid=ISSUER.kid)),
         "ticket_invalid"),
    ],
)  # fmt: skip
def test_the_host_refuses_tickets_of_others(host: MeasuringHost, token: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        host.start(token, None, NOON)
    assert refused.value.code == code


def test_a_ticket_starts_one_test(host: MeasuringHost) -> None:
    token = sign(ticket(), ISSUER)
    test = host.start(token, None, NOON).id
    assert host.start(token, None, NOON).id == test  # a retry before anything was moved
    host.ping(test, None, NOON, 0.0)
    with pytest.raises(Problem) as refused:
        host.start(token, None, NOON)
    assert (refused.value.status, refused.value.code) == (409, "ticket_used")


def test_a_download_ends_when_its_nonce_returns(host: MeasuringHost, elapsed: list[float]) -> None:
    test = started(host)
    nonce = host.ping(test, None, NOON, elapsed[0])
    elapsed[0] += 0.04
    host.ping(test, nonce, NOON, elapsed[0])
    nonce = host.begin_download(test, 25_000_000, NOON)
    elapsed[0] += 2.04
    host.end_download(test, nonce, "198.51.100.0/24", NOON, elapsed[0])
    host.add_upload(test, 6_000_000, 4.8, True, "192.0.2.0/24", NOON)
    witness = said(host, test)
    assert (witness.down.mbps, witness.up.mbps, witness.rtt_ms) == (100.0, 10.0, 40.0)
    assert witness.down.complete
    assert witness.up.complete
    assert witness.prefix == "198.51.100.0/24"  # of the largest transfer


def test_a_late_ping_takes_off_a_quarter_at_most(host: MeasuringHost, elapsed: list[float]) -> None:
    test = started(host)
    nonce = host.ping(test, None, NOON, elapsed[0])
    elapsed[0] += 30
    host.ping(test, nonce, NOON, elapsed[0])
    nonce = host.begin_download(test, 25_000_000, NOON)
    elapsed[0] += 2
    host.end_download(test, nonce, None, NOON, elapsed[0])
    assert said(host, test).down.mbps == pytest.approx(25 * 8 / 1.5, abs=0.1)


def test_who_never_reads_has_received_nothing(host: MeasuringHost, elapsed: list[float]) -> None:
    test = started(host)
    for _ in range(3):
        host.begin_download(test, 25_000_000, NOON)  # the server has written all of it
        elapsed[0] += 0.1
    with pytest.raises(Problem) as refused:
        host.end_download(test, "0" * 32, None, NOON, elapsed[0])
    assert refused.value.code == "nonce_unknown"
    witness = said(host, test)
    assert (witness.down.bytes, witness.down.mbps, witness.down.complete) == (0, 0.0, False)


def test_a_nonce_ends_its_own_download_once(host: MeasuringHost, elapsed: list[float]) -> None:
    test, other = started(host), started(host)
    first = host.begin_download(test, 100_000, NOON)
    second = host.begin_download(test, 100_000, NOON)
    elapsed[0] += 0.01
    for where, nonce in ((test, first), (other, second)):
        with pytest.raises(Problem):
            host.end_download(where, nonce, None, NOON, elapsed[0])
    host.end_download(test, second, None, NOON, elapsed[0])
    host.end_download(test, second, None, NOON, elapsed[0])  # after a lost answer
    assert said(host, test).down.bytes == 100_000


def test_dropped_transfers_lower_the_rate(host: MeasuringHost, elapsed: list[float]) -> None:
    test = started(host)
    for seconds, ends in ((0.8, False), (0.8, False), (0.2, True)):
        nonce = host.begin_download(test, 2_500_000, NOON)
        elapsed[0] += seconds
        if ends:
            host.end_download(test, nonce, None, NOON, elapsed[0])
    host.add_upload(test, 6_000_000, 0.1, False, None, NOON)
    witness = said(host, test)
    assert witness.down.mbps == pytest.approx(80.0)  # of the 100 that the only finished one had
    assert (witness.up.bytes, witness.up.mbps, witness.up.complete) == (0, 0.0, False)


@pytest.mark.parametrize(
    ("transfers", "complete"),
    [
        ([(100_000, 0.8)], True),
        ([(100_000, 0.79)], False),
        ([(50_000, 0.85)], False),
        ([(50_000, 0.1), (50_000, 0.85)], True),
        ([(51_000, 0.1), (49_000, 60.0)], False),
        ([(50_000, 0.85), (50_000, 0.1)], False),
        ([(6_000_000, 0.1)], True),
    ],
)
def test_complete_is_the_profile_or_the_transfers_of_a_slow_line(
    host: MeasuringHost, transfers: list[tuple[int, float]], complete: bool
) -> None:
    test = started(host)
    for size, seconds in transfers:
        host.add_upload(test, size, seconds, True, None, NOON)
    assert said(host, test).up.complete is complete


def test_a_test_is_bounded_in_time_and_in_events(host: MeasuringHost) -> None:
    test = started(host)
    with pytest.raises(Problem) as late:
        host.begin_download(test, 100, NOON + MAX_TEST + timedelta(seconds=1))
    assert late.value.code == "test_ended"
    for _ in range(MAX_EVENTS):
        host.ping(test, None, NOON, 0.0)
    with pytest.raises(Problem):
        host.ping(test, None, NOON, 0.0)
    said(host, test)
    with pytest.raises(Problem):
        host.add_upload(test, 100, 1.0, True, None, NOON)


def test_a_test_is_bounded_in_bytes(host: MeasuringHost) -> None:
    """Also in those of transfers that did not end: they are charged to their own ticket alone."""
    test, other = started(host), started(host)
    for _ in range(MAX_BYTES // 50_000_000):
        host.add_upload(test, 50_000_000, 1.0, False, None, NOON)
    for begin in (host.begin_download, host.check_running):
        with pytest.raises(Problem) as refused:
            begin(test, 100, NOON)
        assert refused.value.code == "test_ended"
        begin(other, 100, NOON)
    assert said(host, test).up.bytes == 0


def test_old_tests_leave_the_file(host: MeasuringHost) -> None:
    test = started(host)
    later = NOON + KEPT + timedelta(minutes=1)
    host.start(sign(ticket(expires_at=later), ISSUER), None, later)
    with pytest.raises(Problem) as gone:
        host.end(test, later)
    assert (gone.value.status, gone.value.code) == (404, "test_unknown")


def test_workers_share_the_state(host: MeasuringHost, tmp_path: Path) -> None:
    other = MeasuringHost(tmp_path / "tests.sqlite", HOST_ID, lambda: HOST, host.issuers)
    test = started(host)

    def upload(worker: MeasuringHost) -> None:
        for _ in range(20):
            worker.add_upload(test, 1_000, 0.1, True, None, NOON)

    threads = [threading.Thread(target=upload, args=(one,)) for one in (host, other, host, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said(other, test).up.bytes == 80_000
    assert (tmp_path / "tests.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_answers_unavailable(tmp_path: Path) -> None:
    (tmp_path / "tests.sqlite").write_bytes(b"no database" * 1_000)
    damaged = MeasuringHost(
        tmp_path / "tests.sqlite", HOST_ID, lambda: HOST, {ISSUER.kid: ISSUER.public_bytes}
    )
    with pytest.raises(Problem) as refused:
        started(damaged)
    assert refused.value.status == 503


def test_a_download_needs_room_for_its_nonce(client: FlaskClient) -> None:
    test = start(client, get_ticket(client, register(client))["ticket"])
    assert client.get(f"/do/down?bytes=31&test={test}").status_code == 422
    assert len(download(client, test, 32)) == 32
    assert client.get("/do/down?bytes=100&test=unknown").status_code == 404
    assert client.post("/do/up?test=unknown", data=b"0").status_code == 404


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("", None),
    ],
)
def test_the_prefix_of_an_address(address: str, prefix: str | None) -> None:
    assert network_prefix(address) == prefix


def test_the_percentile_is_linear() -> None:
    assert percentile_90([]) is None
    assert percentile_90([5.0]) == 5.0
    assert percentile_90([float(n) for n in range(11)]) == 9.0


def test_a_small_test_by_two_transfers(client: FlaskClient) -> None:
    assert set(witnessed(client, register(client))) == {"ticket", "witness"}


def test_another_installations_tickets_are_taken_by_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("HOST_ID", str(HOST_ID))
    monkeypatch.setenv("TICKET_KEYS", ISSUER.public_bytes.hex())
    foreign = speed_app()
    foreign.extensions["clock"] = lambda: NOON
    telecom = foreign.test_client()
    test = start(telecom, sign(ticket(profile="small"), ISSUER))
    transfer(telecom, test)
    witness = verify_witness(end(telecom, test), host_key(tmp_path).public_bytes)
    assert (witness.host_id, witness.audience) == (HOST_ID, ISSUER.kid)
