"""Commands that run periodically beside the web server, at low priority."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.run_log import record_run

ROOT = Path(__file__).parents[3]
# Statistics are at most this old; a run without work takes two seconds.
STATISTICS_EVERY_S = 300.0
# A run of statistics is followed by a pause of this many times its duration: with more samples
# figures get older before the work takes more of a processor. With the longest pause, a run of 20
# minutes still ends before the alert StatisticsOld, after an hour.
PAUSE_TIMES, PAUSE_MOST_S = 20, 2_400.0
# The release of a month is made within this time after it is due.
RELEASE_EVERY_S = 3_600.0
# A farm of phones is found within this time after it has sent enough samples.
SIGNALS_EVERY_S = 900.0
NICENESS = 10  # requests have priority
# Tiles of a newly activated boundary set are made within this time.
TILES_EVERY_S = 600.0
FLASK = ("-m", "flask", "--app", str(ROOT / "wsgi.py"))
REFRESH = (*FLASK, "coverage", "refresh", "--hourly")
TILES = (*FLASK, "web", "tiles")
RELEASE = (*FLASK, "release", "make")
# Open data of released months.
OPEN_DATA = (*FLASK, "reports", "publish-data")
SIGNALS = (*FLASK, "signals", "find")
# Communes that reached their target are noted within this time. With a webhook the process stays
# and delivers within a second; it is replaced now and then, with the code of the last reload.
EVENTS_EVERY_S, EVENTS_FOR_S = 300.0, 900
EVENTS = (*FLASK, "events", "run", "--for", str(EVENTS_FOR_S))
# Starting a process takes three seconds of a processor: one that cannot run must not do it always.
EVENTS_RETRY_S = 15.0


class PeriodicCommand:
    """Runs a command every so many seconds, one run at a time; less often where runs are long.

    With `retry_s`, so many seconds after a failure.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        arguments: Sequence[str] = REFRESH,
        every_s: float = STATISTICS_EVERY_S,
        name: str = "statistics",
        pause_times: float = 0,
        retry_s: float | None = None,
    ) -> None:
        self.environment, self.every_s, self.name = environment, every_s, name
        self.pause_times, self.retry_s = pause_times, retry_s
        self.command = [sys.executable, *arguments]
        self.process: subprocess.Popen[bytes] | None = None
        self.started, self.running = float("-inf"), False
        self.pause_until = float("-inf")

    def start_if_due(self) -> None:
        """Start a run if one is due and the last has ended."""
        self.record_end()
        now = time.monotonic()
        if self.running or now < max(self.started + self.every_s, self.pause_until):
            return
        self.started = now
        self.process = subprocess.Popen(  # noqa: S603
            self.command,
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
            ended = time.monotonic()
            pause = min(self.pause_times * (ended - self.started), PAUSE_MOST_S)
            self.pause_until = ended + pause
            if status != 0 and self.retry_s is not None:
                self.started, self.pause_until = float("-inf"), ended + self.retry_s
            if "VAR_DIR" in self.environment:
                record_run(Path(self.environment["VAR_DIR"]), self.name, status == 0)

    def end(self) -> None:
        """Kill a run; the next one repeats its work."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # with its children
            self.process.wait()
