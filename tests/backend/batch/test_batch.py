"""--workers: the same results, whoever does the parts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from backend.batch import executor as executors
from backend.coverage.statistics import refresh
from backend.database.extensions import db, fetch_autocommit
from backend.errors import FieldError, Problem, invalid
from backend.measurements.recording import counting
from backend.measurements.revision import service as revising
from tests.support.clock import FakeClock
from tests.support.factories import location, post, register, sample

MONTH = "2024-11"
SPAN = date(2024, 11, 1), date(2024, 11, 30)
DECEMBER = datetime(2024, 12, 5, tzinfo=UTC)
FIGURES = (
    "select month, network, unit_id, operator, technology, n, devices, figures from statistics"
)
ROWS = "select m::text from measurements m"
COUNTS = "select to_jsonb(u) - 'version' from unit_months u where received <> 0"


@pytest.fixture
def misplaced(
    app: Flask, client: FlaskClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of three devices, all of them in a commune of Hà Nội; each device is a part."""
    monkeypatch.setattr(revising, "DEVICES_PER_LOT", 1)
    for _ in range(3):
        mine = register(client)
        times = [f"2024-11-{day}T09:00:00+07:00" for day in (12, 13, 14)]
        post(client, mine, *(sample(at) for at in times), sample(location=location(latitude=18.0)))
    with app.app_context():
        wrong = "(select id from units where system = '2024' and code = '00001')"
        db.session.execute(text(f"update measurements set unit_id = {wrong}"))
        counting.repair(counting.differences())
        db.session.commit()
    clock.now = DECEMBER


def run(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=list(words))
    assert result.exit_code == 0, result.output
    return str(result.output)


def silently(done: int, of: int) -> None:
    """Nobody watches a bar here."""


def refuse(part: int) -> None:
    """A part that cannot be done says so to whoever asked for it."""
    raise invalid("month", "not_one_of")


def told(*statements: str) -> list[str]:
    """What the database holds, in an order of its own."""
    return sorted(str(row) for one in statements for row in db.session.execute(text(one)))


@pytest.mark.long
@pytest.mark.usefixtures("misplaced")
def test_two_processes_do_what_one_does(app: Flask) -> None:
    with app.app_context(), executors.Executor(workers=2) as processes:
        done = revising.reassign(*SPAN, silently, processes)
        assert (done.moved, done.rejudged) == (12, 0)
        written = told(ROWS, COUNTS)
        for executor in (executors.SERIAL, processes):
            assert revising.reassign(*SPAN, silently, executor).moved == 0
            assert revising.rejudge(MONTH, silently, executor).rejudged == 0
        assert told(ROWS, COUNTS) == written

        computed = []
        for executor in (executors.SERIAL, processes):
            refresh.mark_all()
            refresh.refresh(DECEMBER, executor=executor)
            computed.append(told(FIGURES))
        assert computed[0] == computed[1] != []

        with pytest.raises(Problem) as problem:
            list(processes.map(refuse, [1, 2]))
        assert problem.value.errors == (FieldError("month", "not_one_of"),)
    assert "differences: 0" in run(app, "measurements", "recount")


def select_one(part: int) -> int:
    """Use the connections of the process."""
    return int(fetch_autocommit("select 1 as one", {})[0]["one"])


def test_long_work_waits_longer_for_a_connection_than_a_request(app: Flask) -> None:
    connections = app.extensions["connections"]
    with app.app_context(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(connections, "wait_s", 0.0)
        db.engine.dispose()
        with pytest.raises(OperationalError):
            select_one(0)
        with executors.Executor(workers=2) as processes:
            assert list(processes.map(select_one, [1, 2])) == [1, 1]
        db.engine.dispose()


PARENT = """
import os, sys, time
from pathlib import Path
from backend.app import create_app
from backend.batch.executor import Executor

def work(path):
    path.write_text(str(os.getpid()))
    time.sleep(60)

address = "postgresql+psycopg://nobody@localhost/none"
var = Path(sys.argv[1])
app = create_app(DATABASE_URL=address, DATABASE_OWNER_URL=address, VAR_DIR=var)
with app.app_context(), Executor(workers=2) as executor:
    list(executor.map(work, [var / "first", var / "second"]))
"""
ROOT = Path(__file__).parents[3]
WAIT_S = 120  # the import of the application on a busy machine


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_processes_end_with_their_parent(tmp_path: Path, number: int) -> None:
    files = tmp_path / "first", tmp_path / "second"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as parent:  # fmt: skip
        wait_until(lambda: all(path.exists() and path.read_text() for path in files))
        if number == signal.SIGINT:  # Ctrl-C reaches all of them
            os.killpg(parent.pid, number)
        else:
            parent.send_signal(number)
        assert parent.wait(WAIT_S) != 0
    processes = [Path("/proc", path.read_text()) for path in files]
    wait_until(lambda: not any(process.exists() for process in processes))
