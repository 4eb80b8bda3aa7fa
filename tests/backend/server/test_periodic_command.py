"""What runs beside the web server: one at a time, again when due, gone when all ends."""

import os
import time
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from backend.run_log import runs
from backend.server.running import job_poller
from backend.server.running.periodic_command import NICENESS, PeriodicCommand, Schedule

SOON_S = 20.0
NOTED = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpriority(os.PRIO_PROCESS, 0)}\\n')"


def ended(command: PeriodicCommand) -> None:
    assert command.process is not None
    assert command.process.wait(SOON_S) == 0


def test_it_runs_again_when_it_is_due_and_not_before(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    command = PeriodicCommand(Schedule("noted", ("-c", NOTED, str(noted)), 0.5), os.environ)
    command.start_if_due()
    ended(command)
    first = command.process
    if time.monotonic() < command.due:
        command.start_if_due()
        assert command.process is first
    time.sleep(0.5)
    command.start_if_due()
    ended(command)
    assert len(noted.read_text().splitlines()) == 2


def test_a_run_that_failed_is_repeated_soon_but_not_at_once() -> None:
    failing = Schedule("x", ("-c", "raise SystemExit(1)"), 3_600.0, retry_s=30.0)
    command = PeriodicCommand(failing, os.environ)
    command.start_if_due()
    first = command.process
    assert first is not None and first.wait(SOON_S) == 1
    command.start_if_due()
    assert command.process is first
    assert command.due - time.monotonic() == pytest.approx(30.0, abs=5.0)
    command.due = time.monotonic()
    command.start_if_due()
    assert command.process is not None and command.process is not first
    assert command.process.wait(SOON_S) == 1


def test_it_gives_way_and_never_runs_twice_at_once() -> None:
    sleeping = Schedule("x", ("-c", "import time; time.sleep(60)"), 0.0)
    command = PeriodicCommand(sleeping, os.environ)
    command.start_if_due()
    assert command.process is not None
    pid = command.process.pid
    assert os.getpriority(os.PRIO_PROCESS, pid) >= NICENESS
    command.start_if_due()
    assert command.process.pid == pid
    command.end()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    PeriodicCommand(sleeping, os.environ).end()


class Noted(Exception):
    """That a run ended was noted."""


def test_how_long_work_went_is_noted_once_it_has_ended(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, called = time.monotonic(), iter([True])

    def claim(now: datetime) -> bool:
        if runs(tmp_path):
            raise Noted
        assert time.monotonic() - began < SOON_S
        return next(called, False)

    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setattr(job_poller, "RUN", Schedule("jobs", ("-c", "raise SystemExit(1)"), 0))
    monkeypatch.setattr(job_poller, "EVERY_S", 0.05)
    monkeypatch.setattr(job_poller, "claim", claim)
    with pytest.raises(Noted):
        job_poller._poll(app)
    assert runs(tmp_path)["jobs"]["failing"] == 1
