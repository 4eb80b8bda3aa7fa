"""The web server's process: it prepares in a child, and loads no library that is rarely needed."""

import gc
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from threading import Event

import pytest
from flask import Flask

from backend.server.gunicorn import memory, web
from config import workers

ROOT = Path(__file__).parents[3]
# Each of them takes 5 to 40 MB.
LATE = ("alembic", "geopandas", "openpyxl", "pandas", "pyarrow", "rich.progress", "zxcvbn")
CREATE = f"""
import sys
from pathlib import Path
from threading import Event
from backend.app import create_app
address = "postgresql+psycopg://nobody@localhost/none"
create_app(DATABASE_URL=address, DATABASE_OWNER_URL=address, VAR_DIR=Path(sys.argv[1]))
print(*(name for name in {LATE} if name in sys.modules))
"""
WAIT_S = 30


@pytest.mark.slow
def test_workers_do_not_share_what_only_some_commands_need(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CREATE, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_failed_preparation_ends_the_start_with_its_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(app: Flask, demo: bool) -> None:
        raise SystemExit(3)

    monkeypatch.setattr(web, "prepare", fail)
    with pytest.raises(SystemExit) as ended, web.prepared(Flask(__name__), demo=False):
        pass
    assert ended.value.code == 3


def test_what_is_prepared_leaves_nothing_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    held = bytearray(1)
    monkeypatch.setattr(web, "prepare", lambda app, demo: held.extend(b"1" * 1_000))
    with web.prepared(Flask(__name__), demo=True):
        pass
    assert len(held) == 1


def test_ending_the_start_ends_the_preparation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    began = tmp_path / "began"

    def last(app: Flask, demo: bool) -> None:
        began.write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(WAIT_S)

    monkeypatch.setattr(web, "prepare", last)
    with pytest.raises(SystemExit) as ended, web.prepared(Flask(__name__), demo=False):
        pass
    assert ended.value.code == 128 + signal.SIGTERM
    assert not Path("/proc", began.read_text()).exists()


@pytest.mark.parametrize("started", [True, False])
def test_preparing_waits_for_the_database_and_ends_without_it(
    monkeypatch: pytest.MonkeyPatch, started: bool
) -> None:
    reading, writing = os.pipe()
    monkeypatch.setenv(workers.DATABASE_FD, str(reading))
    if started:
        os.write(writing, workers.READY)
    os.close(writing)
    with nullcontext() if started else pytest.raises(SystemExit):
        workers.wait_for_database()
    os.close(reading)


def test_freezing_excludes_all_objects_and_collects_again() -> None:
    gc.disable()
    try:
        memory.freeze()
        assert gc.isenabled() and gc.get_freeze_count() > 0
    finally:
        gc.enable()
        gc.unfreeze()


def test_a_worker_returns_free_memory_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed: list[int] = []
    twice = Event()

    def trim() -> None:
        trimmed.append(1)
        if len(trimmed) == 2:
            twice.set()
            Event().wait()  # to the end of the tests

    monkeypatch.setattr(memory, "TRIM_EVERY_S", 0.001)
    monkeypatch.setattr(memory, "trim", trim)
    memory.start_trimming()
    assert twice.wait(WAIT_S)
