"""--workers and --scheduler: the same results, whoever does the parts."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.batch import executor as executors
from backend.coverage.statistics import refresh
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid
from backend.measurements.archive import files as archive_files
from backend.measurements.archive import service as archive_service
from backend.measurements.recording import counting
from backend.measurements.recording.service import JudgingSettings
from backend.measurements.revision import service as revising
from tests.support.certificates import issue
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
def environment(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Workers read the settings of this test from their environment, and have parts to share."""
    monkeypatch.setattr(archive_service, "FOLDER", tmp_path / "archive")
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "VAR_DIR", "SECRET_KEY"):
        monkeypatch.setenv(name, str(app.config[name]))
    monkeypatch.setattr(archive_files, "ROW_GROUP", 2)
    monkeypatch.setattr(revising, "DEVICES_PER_LOT", 1)


@pytest.fixture
def misplaced(app: Flask, client: FlaskClient, clock: FakeClock, environment: None) -> None:
    """Rows of three devices, all of them in a commune of Hà Nội; archived so."""
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
    run(app, "measurements", "archive", MONTH)


def run(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=list(words))
    assert result.exit_code == 0, result.output
    return str(result.output)


def silently(done: int, of: int) -> None:
    """Nobody watches a bar here."""


def refuse(part: int) -> None:
    """A part that cannot be done says so to whoever asked for it."""
    raise invalid("month", "not_one_of")


def digests(folder: Path) -> dict[str, str]:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def told(*statements: str) -> list[str]:
    """What the database holds, in an order of its own."""
    return sorted(str(row) for one in statements for row in db.session.execute(text(one)))


@pytest.mark.long
@pytest.mark.usefixtures("misplaced")
def test_two_processes_find_and_do_what_one_does(app: Flask, tmp_path: Path) -> None:
    with app.app_context(), executors.Executor(workers=2) as processes:
        folders, found = (tmp_path / "alone", tmp_path / "both"), []
        for folder, executor in zip(folders, (executors.SERIAL, processes), strict=True):
            found.append(revising.compare_places([MONTH], folder, silently, executor))
        assert found == [revising.Comparison(rows=12, differ=12, moved=12)] * 2
        assert digests(folders[0]) == digests(folders[1])
        assert len(digests(folders[0])) == 6

        done = revising.reassign(*SPAN, JudgingSettings(), silently, processes)
        assert (done.moved, done.rejudged) == (12, 0)
        written = told(ROWS, COUNTS)
        for executor in (executors.SERIAL, processes):
            assert revising.reassign(*SPAN, JudgingSettings(), silently, executor).moved == 0
            assert revising.rejudge(MONTH, JudgingSettings(), silently, executor).rejudged == 0
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


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: None) -> Iterator[str]:
    """A scheduler that meets nobody without a certificate, and a worker; its address."""
    from distributed import LocalCluster, Security  # takes half a second of every test process

    ca, certificate, key = issue(tmp_path)
    security = Security(
        require_encryption=True, tls_ca_file=str(ca),
        **{f"tls_{who}_{what}": str(path) for who in ("scheduler", "worker", "client")
           for what, path in (("cert", certificate), ("key", key))},
    )  # fmt: skip
    monkeypatch.setattr(executors, "CERTIFICATES", (ca, certificate, key))
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tls://",
        security=security, dashboard_address="127.0.0.1:0",
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


@pytest.mark.slow
@pytest.mark.usefixtures("misplaced")
def test_other_machines_are_met_with_certificates(app: Flask, others: str) -> None:
    assert others.startswith("tls://")
    done = run(app, "measurements", "reassign", "--scheduler", others)
    assert "moved to another commune: 12" in done


@pytest.mark.usefixtures("misplaced")
def test_a_scheduler_that_is_not_there_is_told(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(executors, "MAX_ANSWER_S", 0.5)
    monkeypatch.setattr(executors, "CERTIFICATES", issue(tmp_path))
    words = ["measurements", "reassign", "--scheduler", "tls://127.0.0.1:1"]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 1 and "tls://127.0.0.1:1 does not answer" in result.output


@pytest.mark.parametrize("address", ["tcp://203.0.113.7:8786", "tls://203.0.113.7:8786"])
def test_a_scheduler_is_met_with_certificates_or_not_at_all(app: Flask, address: str) -> None:
    words = ["measurements", "reassign", "--scheduler", address]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 2
    assert "runs programs on its workers" in result.output and "batch/ca.pem" in result.output
