"""What scripts/faults --events rests on: stores that apply once, and a receiver that misbehaves."""

import secrets
import socket
import subprocess
import sys
import time
from base64 import b64encode
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import orjson
import pytest
from standardwebhooks import Webhook

from backend.http.pinned_client import send
from tests.tools.event_faults.__main__ import HEAD, main, row
from tests.tools.event_faults.kinds import KINDS
from tests.tools.event_faults.receiver import MODES, set_mode
from tests.tools.event_faults.rounds import EventRound
from tests.tools.event_faults.store import EventStore

SECRET = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
EVENT = {"id": "5d1b2c0e-0d7e-4a3e-9f0c-6f3d0c8f1a11", "number": 7}


def test_a_store_applies_an_event_once_and_keeps_its_place(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "store.sqlite")
    for after in (7, 9):
        store.apply([EVENT], after)
    assert store.numbers() == {EVENT["id"]: 7}
    assert (store.arrivals(), store.doubled(), store.after()) == (2, [], 9)
    store._db.execute("insert into effects values (?)", (EVENT["id"],))
    assert store.doubled() == [EVENT["id"]]
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "slow"])
def test_the_receiver_applies_what_it_commits_and_misbehaves_as_ordered(
    tmp_path: Path, mode: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    module = "tests.tools.event_faults.receiver"
    process = subprocess.Popen([sys.executable, "-m", module, str(tmp_path), str(port), SECRET])
    try:
        set_mode(tmp_path, mode)
        deadline = time.monotonic() + 60
        problem: str | None = "refused"
        while problem == "refused" and time.monotonic() < deadline:
            time.sleep(0.1)
            problem = _deliver(port)
    finally:
        process.kill()
        process.wait()
    store = EventStore(tmp_path / "received.sqlite")
    assert len(store.numbers()) == (mode in ("ok", "cut_after"))
    expected = {"ok": None, "500": "http_500"}
    assert problem == expected.get(mode, "broken")
    store.close()


def _deliver(port: int) -> str | None:
    now = datetime.now(UTC)
    body = orjson.dumps(EVENT)
    headers = {
        "webhook-id": EVENT["id"],
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(EVENT["id"], now, body.decode()),
    }
    url = f"http://127.0.0.1:{port}/"
    return send(url, body, headers, [ip_network("127.0.0.0/8")]).problem


def test_a_round_is_good_only_if_nothing_is_wrong_and_the_table_sums() -> None:
    good = EventRound(9, 6, 11, [], [], [], [], 3.0, "")
    bad = [
        EventRound(9, 6, 9, *wrong, 4.4, "")
        for wrong in (
            (["a"], [], [], []),
            ([], ["a"], [], []),
            ([], [], ["a"], []),
            ([], [], [], ["a"]),
        )
    ]
    assert good.good and not any(one.good for one in bad)
    line = row(KINDS["cut"], [good, *bad])
    assert line.partition(" | ")[2] == "5 | 45 | 30 | 47 | 1 | 1 | 1 | 1 | 4 s |"
    assert line.count("|") == HEAD.splitlines()[0].count("|")
    assert len(KINDS) == 10


@pytest.mark.long
def test_no_event_is_lost_in_a_round_of_some_faults() -> None:
    assert main(["--rounds", "1", "--seed", "11", "--only", "cut", "delivery", "writers"]) == 0
