"""A command that is run again and again beside the web server, when nothing else wants to run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.run_log import note_run

ROOT = Path(__file__).parents[3]
# Statistics of speed follow within these seconds; a look that finds nothing to do takes two.
STATISTICS_EVERY_S = 300.0
NICENESS = 10  # posts come first
# The map of a newly active boundary set is drawn within these; finding nothing takes two as well.
TILES_EVERY_S = 600.0
FLASK = ("-m", "flask", "--app", str(ROOT / "wsgi.py"))
REFRESH = (*FLASK, "coverage", "refresh")
TILES = (*FLASK, "web", "tiles")


class Chore:
    """One run of the command at a time, the next so many seconds after the last began."""

    def __init__(
        self,
        environment: Mapping[str, str],
        arguments: Sequence[str] = REFRESH,
        every_s: float = STATISTICS_EVERY_S,
        name: str = "statistics",
    ) -> None:
        self.environment, self.every_s, self.name = environment, every_s, name
        self.command = [sys.executable, *arguments]
        self.process: subprocess.Popen[bytes] | None = None
        self.began, self.running = float("-inf"), False

    def look(self) -> None:
        """Begin a run where one is due and the last has ended."""
        self.settle()
        due = time.monotonic() - self.began >= self.every_s
        if not due or self.running:
            return
        self.began = time.monotonic()
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

    def settle(self) -> None:
        """Note how a run went, once it has ended."""
        self.running = self.running and not self._ended()

    def _ended(self) -> bool:
        status = self.process.poll() if self.process is not None else None
        if status is not None and "VAR_DIR" in self.environment:
            note_run(Path(self.environment["VAR_DIR"]), self.name, status == 0)
        return status is not None

    def end(self) -> None:
        """End a run that is under way: it loses nothing by it."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # and what it has started
            self.process.wait()
