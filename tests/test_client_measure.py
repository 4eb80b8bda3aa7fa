"""docs/clients: the reference clients in Python and, with Node, in JavaScript against a server.

tests/browser/test_client.py has the one in JavaScript in a browser.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from backend.clock import utc_now
from backend.database.extensions import db
from backend.measurements.recording.models import Measurement
from backend.witness import hosts
from backend.witness.keys import own_host_id
from backend.witness.models import TicketRow
from tests.support.live_server import serving_app
from tests.support.traffic_shaper import Shape, shaped_server

CLIENTS = Path(__file__).parents[1] / "docs" / "clients"
PLACE = ("--latitude", "21.5942", "--longitude", "105.8482", "--accuracy-m", "12")
NODE = shutil.which("node")
COMMANDS = {
    "measure.py": [sys.executable, str(CLIENTS / "measure.py")],
    "measure.mjs": [NODE or "node", str(CLIENTS / "measure.mjs")],
}
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
each_client = pytest.mark.parametrize(
    "client", ["measure.py", pytest.param("measure.mjs", marks=needs_node)]
)


def measure(
    client: str, url: str, state: Path, *options: str
) -> "subprocess.CompletedProcess[str]":
    command = [*COMMANDS[client], url, *PLACE, "--profile", "small", "--state", str(state)]
    return subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, input="no\n"
    )


@pytest.fixture
def stored(app: Flask) -> Any:
    def read() -> list[Measurement]:
        with app.app_context():
            return list(db.session.scalars(select(Measurement).order_by(Measurement.received_at)))

    return read


def test_they_have_under_230_lines_and_need_no_package() -> None:
    for name in COMMANDS:
        assert len((CLIENTS / name).read_text(encoding="utf-8").splitlines()) < 230
    script = (CLIENTS / "measure.mjs").read_text(encoding="utf-8")
    assert re.findall(r"^import ", script, re.MULTILINE) == []
    assert set(re.findall(r'import\("(\w+:)', script)) == {"node:"}
    text = (CLIENTS / "measure.py").read_text(encoding="utf-8")
    imported = {line.split()[1].split(".")[0] for line in text.splitlines()
                if line.startswith(("import ", "from "))}  # fmt: skip
    assert imported <= sys.stdlib_module_names


@pytest.mark.slow
@each_client
def test_it_registers_once_and_its_samples_are_witnessed(
    client: str, app: Flask, tmp_path: Path, stored: Any
) -> None:
    with serving_app(app, utc_now) as url:
        for _ in range(2):
            done = measure(client, url, tmp_path / "state.json", "--agree")
            assert done.returncode == 0, done.stderr
            answer = json.loads(done.stdout)
            answer = answer[0] if isinstance(answer, list) else answer
            assert (answer["outcome"], answer["assurance"]) == ("accepted", "witnessed")
    rows = stored()
    assert len({row.device_id for row in rows}) == 1
    assert [(row.assurance, row.status) for row in rows] == [("witnessed", "finished")] * 2
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["unsent"] == []
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
@each_client
def test_it_takes_the_nearest_host_and_leaves_one_that_is_revoked(
    client: str, app: Flask, tmp_path: Path, stored: Any
) -> None:
    own, path = own_host_id(app.config["SECRET_KEY"]), tmp_path / "state.json"
    with serving_app(app, utc_now) as url, shaped_server(url, Shape(50, 50, 60)) as far:
        with app.app_context():
            other = hosts.add_host("far", far, None, utc_now())
        done = measure(client, url, path, "--agree")
        assert done.returncode == 0, done.stderr
        state = json.loads(path.read_text())
        [kept] = state["hosts"].values()
        assert kept["host"] == str(own)
        with app.app_context():
            hosts.revoke_host(other, "closed", utc_now())
        kept["host"] = str(other)
        path.write_text(json.dumps(state))
        done = measure(client, url, path)
        assert done.returncode == 0, done.stderr
    assert [row.assurance for row in stored()] == ["witnessed"] * 2
    assert json.loads(path.read_text())["hosts"] == {}


@each_client
def test_without_consent_nothing_is_sent(client: str, app: Flask, tmp_path: Path) -> None:
    with serving_app(app, utc_now) as url:
        done = measure(client, url, tmp_path / "state.json")
    assert "Nothing was registered" in done.stderr
    assert not (tmp_path / "state.json").exists()


@each_client
def test_a_failed_test_is_sent_with_its_ticket(
    client: str, app: Flask, tmp_path: Path, stored: Any
) -> None:
    app.extensions["measuring_host"].issuers.clear()
    try:
        with serving_app(app, utc_now) as url:
            done = measure(client, url, tmp_path / "state.json", "--agree")
    finally:
        key = app.extensions["ticket_issuer"].public_key
        app.extensions["measuring_host"].issuers[key.kid] = key.public_bytes
    assert "The test failed" in done.stderr
    [row] = stored()
    assert (row.status, row.assurance) == ("failed", "claimed")
    with app.app_context():
        assert db.session.scalars(select(TicketRow.used_by)).one() == row.id
