"""What scripts/faults rests on: it would see a lost, doubled or half stored sample, and it cuts."""

import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from backend.database.extensions import db
from tests.support.live_server import serving_app
from tests.tools.fault_injection.checking import Found, check
from tests.tools.fault_injection.disk import NoDiskError, filled, small_disk
from tests.tools.fault_injection.kinds import KINDS, Kind
from tests.tools.fault_injection.proxy import Proxy
from tests.tools.fault_injection.rounds import Round
from tests.tools.fault_injection.table import HEAD, row
from tests.tools.phone_simulator.client import Client, NoAnswerError
from tests.tools.phone_simulator.phone import Phone, Tally


@pytest.fixture
def store(app: Flask, tmp_path: Path) -> Path:
    """The store of a phone that has delivered everything."""
    path = tmp_path / "phone.sqlite"
    with serving_app(app) as url:
        phone = Phone(url, path, "3", rate=1200.0, chaos=False, hurry=True, tickets=False)
        tally = phone.run(0.5)
    assert tally.good and tally.broken == 0
    return path


def checked(app: Flask, store: Path, *harm: str) -> Found:
    with app.app_context():
        for statement in harm:
            db.session.execute(text(statement))
        db.session.commit()
        return check(db.session.connection(), [store])


def test_nothing_is_found_where_nothing_is_wrong(app: Flask, store: Path) -> None:
    found = checked(app, store)
    assert found.acknowledged > 3
    assert not (found.lost or found.doubled or found.half or found.undelivered)
    assert found.differences == 0


def test_a_lost_sample_is_found_and_so_is_its_count(app: Flask, store: Path) -> None:
    one = "(select min(id::text)::uuid from receipts)"
    harm = (f"delete from measurements where id = {one}", f"delete from receipts where id = {one}")
    found = checked(app, store, *harm)
    assert len(found.lost) == 1 and not found.half and found.differences > 0


def test_half_a_sample_is_found(app: Flask, store: Path) -> None:
    some = "where id = (select min(id::text)::uuid from measurements)"
    assert len(checked(app, store, f"delete from receipts {some}").half) == 1


def test_a_sample_that_is_not_as_sent_is_found(app: Flask, store: Path) -> None:
    some = "where id = (select min(id::text)::uuid from measurements)"
    spoilt = f"""update measurements set raw = raw || '{{"ping_ms": -7}}' {some}"""
    assert len(checked(app, store, spoilt).half) == 1


@pytest.mark.slow
def test_a_ticket_and_its_sample_are_compared(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "phone.sqlite"
    with serving_app(app) as url:
        tally = Phone(url, path, "3", rate=60.0, chaos=False, hurry=True).run(1.5)
    found = checked(app, path)
    assert tally.good and tally.witnessed > 0
    assert found.acknowledged > 0 and not (found.half or found.differences)
    moved = "update tickets set used_by = gen_random_uuid() where used_by is not null"
    assert len(checked(app, path, moved).half) == 2 * tally.witnessed


def test_a_row_too_many_is_found(app: Flask, store: Path) -> None:
    more = """
        insert into receipts select gen_random_uuid(), device_id, digest, received_at
        from receipts limit 1
    """
    assert len(checked(app, store, more).doubled) == 1


class Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    with Proxy(server.server_port) as running:
        yield running
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_proxy_passes_on_and_cuts(proxy: Proxy) -> None:
    client = Client(proxy.url, random.Random(1))
    assert client.post("echo", {"a": 1}).body == {"a": 1}
    proxy.share, proxy.rng = 1.0, random.Random(5)
    for _ in range(12):
        with pytest.raises(NoAnswerError):
            client.post("echo", {"a": 1})
    assert proxy.cuts["body"] > 0 < proxy.cuts["answer"]
    proxy.share = 0.0
    assert client.post("echo", {"b": 2}).body == {"b": 2}


def test_a_filled_disk_takes_nothing_more() -> None:
    try:
        with small_disk() as disk:
            with filled(disk), pytest.raises(OSError, match="No space left"):
                (disk / "more").write_bytes(b"x" * 8_192)
            (disk / "more").write_bytes(b"x" * 8_192)
    except NoDiskError as error:
        pytest.skip(f"no file system can be mounted here: {error}")


def test_the_table_sums_rounds() -> None:
    kind = KINDS["worker"]
    rounds = [
        Round(Found(acknowledged=7, lost=["a"]), [Tally(missing=["a", "b"])], 3.0, ""),
        Round(Found(acknowledged=5), [Tally(broken=1)], 4.4, ""),
    ]
    assert [one.good for one in rounds] == [False, False]
    assert row(kind, rounds).partition(" | ")[2] == "2 | 12 | 0 | 1 | 0 | 2 | 0 | 0 | 0 | 0 | 4 s |"
    columns = HEAD.splitlines()[0].count("|")
    assert {row(one, played).count("|") for one, played in cells(rounds)} == {columns}


def cells(rounds: list[Round]) -> list[tuple[Kind, list[Round] | None]]:
    return [(KINDS["worker"], rounds), (KINDS["disk"], None)]
