"""Commands that run periodically beside the web server, at low priority."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.run_log import record_run

ROOT = Path(__file__).parents[3]
NICENESS = 10  # requests have priority
FLASK = ("-m", "flask", "--app", str(ROOT / "wsgi.py"))
# With a webhook this process stays and delivers within a second; it is replaced now and then, with
# the code of the last reload.
EVENTS_FOR_S = 900


@dataclass(frozen=True, slots=True)
class Schedule:
    """A command that runs every so many seconds, under its name in /metrics."""

    name: str
    arguments: Sequence[str]
    every_s: float
    # Starting a process takes three seconds of a processor: one that cannot run does it less often.
    retry_s: float | None = None
    on_the_hour: bool = False  # every hour at its full hour

    @property
    def typed(self) -> str:
        """What a person types to run the command."""
        return shlex.join(("flask", *self.arguments[len(FLASK) :]))


SCHEDULES = (
    # What the public sees of communes.
    Schedule("public_counts", (*FLASK, "coverage", "copy-counts"), 3_600.0, on_the_hour=True),
    Schedule("statistics", (*FLASK, "coverage", "refresh", "--hourly"), 3_600.0),
    # Until when the list of withdrawals is complete, also beside the backups.
    Schedule("withdrawals", (*FLASK, "privacy", "copy-withdrawals"), 3_600.0),
    Schedule("tiles", (*FLASK, "web", "tiles"), 600.0),  # of a newly activated boundary set
    Schedule("release", (*FLASK, "release", "make"), 3_600.0),
    Schedule("open_data", (*FLASK, "reports", "publish-data"), 3_600.0),  # of released months
    # Of other servers, from day 1 to 20.
    Schedule("sources", (*FLASK, "reports", "sources", "collect"), 3_600.0),
    Schedule("signals", (*FLASK, "signals", "find"), 3_600.0),  # each place once a day
    Schedule("audit", (*FLASK, "audit", "digest"), 10_800.0),  # of the day before
    Schedule("pairs", (*FLASK, "coverage", "pair"), 3_600.0),  # of i-Speed's results with ours
    Schedule("deputies", (*FLASK, "accounts", "remind"), 86_400.0),  # of delegations that end
    Schedule("hosts", (*FLASK, "hosts", "check"), 300.0),  # whether measuring hosts answer
    # Communes that reached their target.
    Schedule("events", (*FLASK, "events", "run", "--for", str(EVENTS_FOR_S)), 300.0, retry_s=15.0),
)


class PeriodicCommand:
    """Runs a command by its schedule, one run at a time."""

    def __init__(self, schedule: Schedule, environment: Mapping[str, str]) -> None:
        self.schedule, self.environment = schedule, environment
        self.process: subprocess.Popen[bytes] | None = None
        self.running = False
        self.due = float("-inf")

    def start_if_due(self) -> None:
        """Start a run if one is due and the last has ended."""
        self.record_end()
        now = time.monotonic()
        if self.running or now < self.due:
            return
        past_hour = time.time() % 3_600 if self.schedule.on_the_hour else 0.0
        self.due = now + self.schedule.every_s - past_hour
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, *self.schedule.arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.running = True
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, self.process.pid, max(NICENESS, own))

    def record_end(self) -> None:
        """Record the result of a run that has ended."""
        status = self.process.poll() if self.process is not None else None
        if self.running and status is not None:
            self.running = False
            if status != 0 and self.schedule.retry_s is not None:
                self.due = time.monotonic() + self.schedule.retry_s
            if "VAR_DIR" in self.environment:
                var_dir, schedule = Path(self.environment["VAR_DIR"]), self.schedule
                record_run(var_dir, schedule.name, schedule.typed, status == 0)

    def end(self) -> None:
        """Kill a run; the next one repeats its work."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # with its children
            self.process.wait()
