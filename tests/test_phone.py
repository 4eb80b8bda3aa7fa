"""The simulated phone loses nothing, sends nothing twice, and notices a server that does."""

import gzip
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from backend.clock import utc_now
from backend.database.extensions import db
from backend.measurements.recording.models import Measurement
from backend.witness import hosts
from backend.witness.models import TicketRow
from backend.witness.service import MAX_UNUSED
from backend.witness.statements import SigningKey
from tests.support.live_server import serving_app
from tests.support.nginx import free_port
from tests.tools.phone_simulator import __main__ as command
from tests.tools.phone_simulator import sync
from tests.tools.phone_simulator.backoff import Backoff
from tests.tools.phone_simulator.client import Client
from tests.tools.phone_simulator.hosts import HostAddress
from tests.tools.phone_simulator.phone import Phone, Tally
from tests.tools.phone_simulator.speed_test import SpeedTester
from tests.tools.phone_simulator.store import QUEUED, REFUSED, STORED, Store
from tests.tools.phone_simulator.sync import Sync
from tests.tools.phone_simulator.team import Plan, run
from tests.tools.phone_simulator.walk import CENTRE, Walk

Reply = tuple[int, dict[str, Any], dict[str, str]]


class StubServer:
    """As much of the API as a phone needs, and a moment at which it misbehaves."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.owner: dict[str, str] = {}
        self.lock = threading.Lock()
        self.misbehave: Callable[[str], Reply | None] = lambda path: None
        self.forget = False
        self.list_twice = False
        self.paths: list[str] = []

    def answer(self, method: str, path: str, body: dict[str, Any], token: str = "") -> Reply:
        with self.lock:
            self.paths.append(path)
            if reply := self.misbehave(path):
                return reply
            if path.endswith("/consent"):
                return 200, {"version": "7", "text": "…"}, {}
            if path.endswith("/devices"):
                assert body["consent"]["version"] == "7"
                return 201, {"id": body["id"], "token": f"t-{body['id']}"}, {}
            if path.endswith(("/tests", "/hosts")):
                return 404, {}, {}  # without tickets
            if path.endswith("/check"):
                stored = [id for id in body["ids"] if self.owner.get(id) == token]
                return 200, {"held": stored, "missing": sorted(set(body["ids"]) - set(stored))}, {}
            if path.endswith("/me"):
                return 200, {}, {}
            if method == "GET":
                return 200, self._page(token), {}
            return self._post(body, token)

    def _page(self, token: str) -> dict[str, Any]:
        items = [{"id": id} for id, owner in self.owner.items() if owner == token]
        return {"items": items * (2 if self.list_twice else 1), "next": None}

    def _post(self, body: dict[str, Any], token: str) -> Reply:
        if "measurements" in body:
            return 200, {"results": [self._record(one, token) for one in body["measurements"]]}, {}
        result = self._record(body, token)
        status = {"accepted": 201, "duplicate": 200, "conflict": 409, "rejected": 422}
        return status[result["outcome"]], result, {}

    def _record(self, one: dict[str, Any], token: str) -> dict[str, Any]:
        if one["download_mbps"] is not None and one["download_mbps"] < 0:
            return {"id": one["id"], "outcome": "rejected"}
        outcome = "accepted" if one["id"] not in self.stored else "duplicate"
        if self.stored.get(one["id"], one) != one:
            outcome = "conflict"
        elif not self.forget:
            self.stored[one["id"]], self.owner[one["id"]] = one, token
        return {"id": one["id"], "outcome": outcome}


@contextmanager
def serving(stub: StubServer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(stub.answer("GET", self.path.split("?")[0], {}, self._token()))

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            raw = self.rfile.read(length)
            if len(raw) < length:  # cut off in the middle
                return
            if self.headers.get("Content-Encoding") == "gzip":
                raw = gzip.decompress(raw)
            assert self.headers["X-Sent-At"]
            self._reply(stub.answer("POST", self.path, json.loads(raw), self._token()))

        def _token(self) -> str:
            return self.headers.get("Authorization", "")

        def _reply(self, reply: Reply) -> None:
            status, body, headers = reply
            raw = json.dumps(body).encode()
            try:
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(raw))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)
            except OSError:
                pass  # the phone is gone already

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def stub() -> StubServer:
    return StubServer()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.tools.phone_simulator.phone.DRAIN_S", 10.0)
    monkeypatch.setattr("tests.tools.phone_simulator.phone.OFFLINE_S", (0.1, 0.3))
    monkeypatch.setattr(sync, "Backoff", lambda rng: Backoff(rng, 0.01, 0.05))


SEED = "1"  # with chaos its fourth and seventh post are cut: a busy machine sends few posts in all


def ride(stub: StubServer, store: Path, seconds: float = 0.6, chaos: bool = False) -> Tally:
    with serving(stub) as url:
        return Phone(url, store, SEED, rate=1200.0, chaos=chaos).run(seconds)


@pytest.mark.long
@pytest.mark.parametrize("chaos", [False, True])
def test_everything_made_is_held_once(stub: StubServer, tmp_path: Path, chaos: bool) -> None:
    tally = ride(stub, tmp_path / "phone.sqlite", 1.5, chaos)
    assert tally.problem is None and tally.good
    assert tally.made > 10
    assert tally.stored == tally.listed == len(stub.stored) == tally.made - tally.refused
    assert (tally.cuts > 0) == chaos


@pytest.mark.long
def test_the_real_server_holds_a_team_once(app: Flask, tmp_path: Path) -> None:
    plan = Plan(phones=3, minutes=0.1, rate=600.0, chaos=True, seed=11, store=tmp_path)
    with serving_app(app) as url:
        tallies = run(plan, url, None, lambda line: None)
    assert [tally.problem for tally in tallies] == [None] * 3
    assert all(tally.good and tally.stored == tally.listed for tally in tallies)
    assert all(tally.stored == tally.made - tally.refused > 2 for tally in tallies)
    with app.app_context():
        stored = db.session.scalar(select(func.count()).select_from(Measurement))
        witnessed = select(func.count()).where(Measurement.assurance == "witnessed")
        assert db.session.scalar(witnessed) == sum(tally.witnessed for tally in tallies) > 0
    assert stored == sum(tally.stored for tally in tallies)


def real_ride(url: str, store: Path, seconds: float = 2.0, **options: Any) -> Tally:
    return Phone(url, store, "7", rate=600.0, chaos=False, hurry=True, **options).run(seconds)


@pytest.mark.long
def test_finished_tests_are_witnessed(app: Flask, tmp_path: Path) -> None:
    with serving_app(app) as url:
        tally = real_ride(url, tmp_path / "phone.sqlite")
        without = real_ride(url, tmp_path / "without.sqlite", tickets=False)
    assert tally.good and without.good
    assert without.witnessed == 0 < without.stored
    with app.app_context():
        used = [row.used_at is not None for row in db.session.scalars(select(TicketRow))]
    assert used.count(True) == tally.witnessed > 0
    # One ahead; two if a post brought one while another was being requested.
    assert used.count(False) in (1, 2)


@pytest.mark.long
def test_a_server_that_does_not_accept_its_witnesses_is_noticed(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = "backend.witness.verification.check_statements"
    monkeypatch.setattr(refused, lambda ticket, witness: "witness_invalid")
    with serving_app(app) as url:
        tally = real_ride(url, tmp_path / "phone.sqlite")
    assert not tally.good and not tally.missing
    assert tally.unproven


@pytest.mark.slow
def test_the_ticket_ahead_serves_while_the_api_does_not_answer(app: Flask, tmp_path: Path) -> None:
    store = Store(tmp_path / "phone.sqlite")
    with serving_app(app) as url:
        client = Client(url, random.Random(1))
        token = Sync(client, store, random.Random(1), time.sleep).register()
        tester = SpeedTester(client, store, random.Random(1), 0.0, time.sleep)
        assert tester.test(token)
        tester._client = Client("http://127.0.0.1:1", random.Random(1))
        assert tester.test(token)
        assert tester.test(token) is None  # its only ticket was used
        tester._client = client
        for _ in range(MAX_UNUSED - 2):
            assert tester.test(token)
        assert tester.test(token) is None  # all are unused, as nothing was posted
    store.close()
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(TicketRow)) == MAX_UNUSED


@pytest.mark.slow
def test_a_test_is_at_the_next_host_where_one_does_not_answer(app: Flask, tmp_path: Path) -> None:
    store, silent = Store(tmp_path / "phone.sqlite"), f"http://127.0.0.1:{free_port()}"
    with serving_app(app) as url:
        with app.app_context():
            key = SigningKey.from_seed(b"1" * 32).public_bytes.hex()
            down = HostAddress(str(hosts.add_host("down", silent, key, utc_now())), silent)
        client = Client(url, random.Random(1))
        token = Sync(client, store, random.Random(1), time.sleep).register()
        tester = SpeedTester(client, store, random.Random(1), 0.0, time.sleep)
        [own] = tester._choice.hosts()
        assert own.url == url
        tester._choice._hosts = [down, own]
        run = tester.test(token)
        assert run and run.host == url and store.ticket(silent) and store.ticket(url)
        assert tester._choice.hosts() == [own]
    store.close()


@pytest.mark.slow
def test_a_store_goes_on_where_it_was(stub: StubServer, tmp_path: Path) -> None:
    first = ride(stub, tmp_path / "phone.sqlite")
    second = ride(stub, tmp_path / "phone.sqlite")
    assert second.good and second.stored == second.made > first.made
    assert [path for path in stub.paths if path.endswith("/devices")] == ["/api/v1/devices"]


@pytest.mark.slow
def test_it_waits_as_long_as_it_is_told(
    stub: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = Backoff.delay

    def noted(self: Backoff, retry_after: float | None = None) -> float:
        waits.append(retry_after or 0.0)
        return real(self, retry_after) / 10

    monkeypatch.setattr(Backoff, "delay", noted)
    refusals: list[Reply] = [
        (503, {}, {"Retry-After": "1"}),
        (429, {}, {"Retry-After": "2"}),
        (500, {}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    ]
    stub.misbehave = lambda path: refusals.pop(0) if refusals else None
    tally = ride(stub, tmp_path / "phone.sqlite")
    assert tally.good
    assert waits[:3] == [1.0, 2.0, 0.0]


def test_an_unknown_token_stops_it(stub: StubServer, tmp_path: Path) -> None:
    stub.misbehave = lambda path: (401, {}, {}) if path.endswith("/measurements") else None
    tally = ride(stub, tmp_path / "phone.sqlite", 30.0)
    assert tally.problem is not None and tally.problem.startswith("StoppedError")
    assert len([path for path in stub.paths if path.endswith("/measurements")]) == 1


def test_a_token_that_was_overtaken_is_asked_for_again(stub: StubServer, tmp_path: Path) -> None:
    """An attempt to register that was cut off may be carried out after the next one."""
    overtaken: list[Reply] = [(401, {}, {})]
    stub.misbehave = lambda path: overtaken.pop() if path.endswith("/me") and overtaken else None
    assert ride(stub, tmp_path / "phone.sqlite").good
    assert len([path for path in stub.paths if path.endswith("/devices")]) == 2


@pytest.mark.slow
def test_a_server_that_forgets_or_doubles_is_noticed(stub: StubServer, tmp_path: Path) -> None:
    stub.forget = True
    tally = ride(stub, tmp_path / "forgets.sqlite")
    assert not tally.good and len(tally.missing) == tally.made
    stub.forget, stub.list_twice = False, True
    tally = ride(stub, tmp_path / "doubles.sqlite")
    assert not tally.good and not tally.missing and len(tally.doubled) == tally.stored


def test_refusals_are_final(stub: StubServer, tmp_path: Path) -> None:
    path = tmp_path / "phone.sqlite"
    store = Store(path)
    walk = Walk(random.Random(1))
    taken, broken = walk.measure(), walk.measure() | {"download_mbps": -1}
    stub.stored[taken["id"]] = taken | {"comment": "of somebody else"}
    store.add(taken)
    store.add(broken)
    store.close()
    assert ride(stub, path).good
    store = Store(path)
    assert set(store.ids(REFUSED)) == {taken["id"], broken["id"]}
    assert store.ids(QUEUED) == [] and store.ids(STORED)
    store.close()


def test_the_backoff_grows_and_is_bounded() -> None:
    backoff = Backoff(random.Random(3), first=1.0, most=8.0)
    spans = [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert all(0.0 <= backoff.delay() <= span for span in spans)
    assert 30.0 <= backoff.delay(30.0) <= 38.0
    backoff.reset()
    assert backoff.delay() <= 1.0


def test_a_walk_is_the_same_for_the_same_seed() -> None:
    def ridden(seed: int) -> list[Any]:
        walk = Walk(random.Random(seed))
        bodies = []
        for _ in range(50):
            walk.move(10.0)
            bodies.append(walk.measure())
        assert len({body["id"] for body in bodies}) == 50
        places = [body["location"] for body in bodies if body["location"]]
        assert all(abs(place["latitude"] - CENTRE[0]) < 0.2 for place in places)
        assert len({(place["latitude"], place["longitude"]) for place in places}) > 25
        return [(body["download_mbps"], body["network"]) for body in bodies]

    assert ridden(4) == ridden(4) != ridden(5)


@pytest.mark.slow
def test_the_command_tells_and_answers(
    stub: StubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--phones", "2", "--minutes", "0.01", "--rate", "600", "--store", str(tmp_path)]
    with serving(stub) as url:
        assert command.main([*words, "--url", url, "--seed", "5"]) == 0
        assert "missing 0, doubled 0: good" in capsys.readouterr().out
        stub.forget = True
        assert command.main([*words, "--url", url]) == 1
    found = capsys.readouterr().out
    assert "seed " in found and "BAD" in found
