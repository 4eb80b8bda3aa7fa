"""The web server's process: it prepares in a child, and loads no library that is rarely needed."""

import gc
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from backend.server.gunicorn import forking, web
from config import workers

ROOT = Path(__file__).parents[3]
# Each of them takes 2 to 40 MB.
LATE = (
    "alembic", "docx", "geopandas", "openpyxl", "pandas", "pyarrow", "rich.progress", "xlsxwriter",
    "zxcvbn",
)  # fmt: skip
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


def test_a_failed_preparation_ends_the_start_with_its_status() -> None:
    with pytest.raises(SystemExit) as ended, web.beside(partial(sys.exit, 3)):
        pass
    assert ended.value.code == 3


def test_what_is_prepared_leaves_nothing_in_this_process() -> None:
    held = bytearray(1)
    with web.beside(partial(held.extend, b"1" * 1_000), partial(held.extend, b"2")):
        pass
    assert len(held) == 1


def test_ending_the_start_ends_the_preparation(tmp_path: Path) -> None:
    began = [tmp_path / "first", tmp_path / "second"]

    def last() -> None:
        note_process(began[1])
        while not began[0].exists():
            time.sleep(0.01)
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(WAIT_S)

    Thread(target=Event().wait, daemon=True).start()  # takes a signal that this one blocks
    with pytest.raises(SystemExit) as ended, web.beside(partial(run_on, began[0]), last):
        pass
    assert ended.value.code == 128 + signal.SIGTERM
    assert not any(Path("/proc", one.read_text()).exists() for one in began)


def test_a_start_that_fails_ends_the_preparation(tmp_path: Path) -> None:
    began = tmp_path / "began"
    with pytest.raises(ZeroDivisionError), web.beside(partial(run_on, began)):
        while not began.exists():
            time.sleep(0.01)
        raise ZeroDivisionError
    assert not Path("/proc", began.read_text()).exists()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def note_process(began: Path) -> None:
    """Write the process id to a file."""
    fresh = began.with_suffix(".new")
    fresh.write_text(str(os.getpid()))
    fresh.rename(began)


def run_on(began: Path) -> None:
    """Write the process id to a file, and wait."""
    note_process(began)
    time.sleep(WAIT_S)


BOOT = """
import os, signal, time
from backend.server.gunicorn.forking import let_forked_processes_end
queued = []
for number in (signal.SIGTERM, signal.SIGQUIT):  # as gunicorn's master
    signal.signal(number, lambda *signalled: queued.append(signalled))
let_forked_processes_end()
for number in (signal.SIGTERM, signal.SIGQUIT):
    for _ in range(20):
        worker = os.fork()
        if not worker:
            time.sleep(30)  # it boots
            os._exit(0)
        os.kill(worker, number)
        assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -number
    os.kill(os.getpid(), number)
print(len(queued))
"""


def test_a_signal_ends_a_worker_that_boots_and_the_master_still_gets_its_own() -> None:
    command = [sys.executable, "-c", BOOT]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=WAIT_S
    )
    assert done.stdout.split() == ["2"]


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
        forking.freeze()
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

    monkeypatch.setattr(forking, "TRIM_EVERY_S", 0.001)
    monkeypatch.setattr(forking, "trim", trim)
    forking.start_trimming()
    assert twice.wait(WAIT_S)
