"""One `serve` at a time in a VAR_DIR."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

LEFTOVER_TIMEOUT_S = 30
MARK = b"backend.server."  # a word of the command lines of our servers
SERVERS = ("web", "speed")


class AlreadyRunning(RuntimeError):
    """Another `serve` works in this folder."""


class Instance:
    """The lock of one `serve`, and in its file who holds it."""

    def __init__(self, var_dir: Path) -> None:
        self._path = var_dir / "serve.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock; end the servers that a killed `serve` has left."""
        self._file = self._path.open("a+")
        self._file.seek(0)
        written = self._file.read()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_who(written)) from None
        for server in SERVERS:
            with suppress(ValueError, KeyError):
                _end_leftover(int(json.loads(written)[server]))
        self.tell()

    def tell(self, **facts: object) -> None:
        """Write who we are, for the next one."""
        assert self._file is not None
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": os.getpid(), **facts}))
        self._file.flush()

    def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()


def _who(written: str) -> str:
    with suppress(ValueError, KeyError):
        facts = json.loads(written)
        return f"process {facts['pid']}" + (f", {facts['url']}" if "url" in facts else "")
    return "another process"


def _end_leftover(pid: int) -> None:
    deadline = time.monotonic() + LEFTOVER_TIMEOUT_S
    asked = False
    while _is_ours(pid):
        if not asked:
            print(f"Ending a server that was left running (process {pid})", flush=True)
            os.kill(pid, signal.SIGTERM)
            asked = True
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def _is_ours(pid: int) -> bool:
    with suppress(OSError):
        return MARK in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
