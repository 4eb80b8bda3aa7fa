"""One `serve` at a time in a VAR_DIR."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

FILE = "serve.lock"  # in VAR_DIR
LEFTOVER_TIMEOUT_S = 30
MARK = b"backend.server."  # in the command lines of our servers
MAIN = b"backend.server"  # in that of `serve`
READ_TRIES, READ_AGAIN_S = 5, 0.02
SERVERS = ("web", "speed", "next_web", "next_speed")


class AlreadyRunning(RuntimeError):
    """Another `serve` uses this folder."""


class Instance:
    """The lock file of a `serve`, which names its processes."""

    def __init__(self, var_dir: Path) -> None:
        self._path = var_dir / FILE
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock; stop servers that a killed `serve` left running."""
        self._file = self._path.open("a+")
        self._file.seek(0)
        written = self._file.read()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_describe(written)) from None
        for server in SERVERS:
            with suppress(ValueError, KeyError):
                _end_leftover(int(json.loads(written)[server]))
        self.write()

    def write(self, **facts: object) -> None:
        """Write our process id and facts into the lock file."""
        assert self._file is not None
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": os.getpid(), **facts}))
        self._file.flush()

    def release(self) -> None:
        """Release the lock."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()


def read_instance(var_dir: Path) -> dict[str, Any] | None:
    """Return the facts of the `serve` in this folder; None where none runs."""
    for _ in range(READ_TRIES):
        with suppress(OSError, ValueError):
            facts: dict[str, Any] = json.loads((var_dir / FILE).read_text())
            return facts if _is_ours(facts["pid"], MAIN) else None
        time.sleep(READ_AGAIN_S)  # it may be writing now
    return None


def _describe(written: str) -> str:
    with suppress(ValueError, KeyError):
        facts = json.loads(written)
        return f"process {facts['pid']}" + (f", {facts['url']}" if "url" in facts else "")
    return "another process"


def _end_leftover(pid: int) -> None:
    deadline = time.monotonic() + LEFTOVER_TIMEOUT_S
    signalled = False
    while _is_ours(pid):
        if not signalled:
            print(f"Ending a server that was left running (process {pid})", flush=True)
            os.kill(pid, signal.SIGTERM)
            signalled = True
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def _is_ours(pid: int, mark: bytes = MARK) -> bool:
    with suppress(OSError):
        return mark in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
