"""One `serve` at a time in a VAR_DIR, and its reload with present code and settings.

The environment of a process cannot be changed from outside: `scripts/serve --reload` writes the
settings to a file in VAR_DIR, and `serve` reads them at SIGHUP. Without the file it keeps them.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NotRequired, TypedDict

from backend.server.running.processes import ServeError
from config import settings

LOCK_FILE, SETTINGS_FILE = "serve.lock", "settings.next"  # in VAR_DIR
LEFTOVER_TIMEOUT_S = 30
MARK = b"backend.server."  # in the command lines of our servers
MAIN = b"backend.server"  # in that of `serve`
FACTS_SIZE = 4096  # bytes: facts are padded to it, so that one write replaces all of them
SERVERS = ("web", "speed", "next_web", "next_speed")
NAMES = frozenset(setting.name for setting in settings.SETTINGS)
FIXED = ("BIND", "PORT", "SPEED_PORT")  # sockets are kept
POLL_S = 0.2


class AlreadyRunning(RuntimeError):
    """Another `serve` uses this folder."""


class Instance:
    """The lock file of a `serve`, which names its processes."""

    def __init__(self, var_dir: Path) -> None:
        self._path = var_dir / LOCK_FILE
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock; stop servers that a killed `serve` left running."""
        self._file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
        written = self._file.read().decode()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_describe(written)) from None
        for server in SERVERS:
            with suppress(ValueError, KeyError):
                _end_leftover(int(json.loads(written)[server]))
        self.write()

    def write(self, **facts: object) -> None:
        """Write our process id and facts into the lock file; a reader sees all or none of them."""
        assert self._file is not None
        text = json.dumps({"pid": os.getpid(), **facts}).encode().ljust(FACTS_SIZE)
        os.pwrite(self._file.fileno(), text, 0)
        os.truncate(self._file.fileno(), len(text))

    def release(self) -> None:
        """Release the lock."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()


class Facts(TypedDict):
    """What a running `serve` tells in its lock file; more once it serves."""

    pid: int
    url: NotRequired[str]
    reloads: NotRequired[int]  # until now
    failed: NotRequired[str | None]  # why the last reload failed; null: it did not


def read_instance(var_dir: Path) -> Facts | None:
    """Return the facts of the `serve` in this folder; None where none runs."""
    with suppress(OSError, ValueError):
        facts: Facts = json.loads((var_dir / LOCK_FILE).read_text())
        return facts if _is_ours(facts["pid"], MAIN) else None
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


def new_environment(before: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment of the next processes; ServeError where a restart is needed."""
    path = Path(values["VAR_DIR"]) / SETTINGS_FILE
    try:
        written = json.loads(path.read_text())
        path.unlink()
    except FileNotFoundError:
        return dict(before)
    environment: dict[str, str] = {
        **{name: value for name, value in before.items() if name not in NAMES},
        **written,
    }
    new = settings.read(environment)
    changed = [name for name in FIXED if new[name] != values[name]]
    if (new["DATABASE_URL"] is None) != (values["DATABASE_URL"] is None):
        changed.append("DATABASE_URL")
    if changed:
        raise ServeError(f"{', '.join(changed)} cannot change while it serves; restart it instead.")
    return environment


def request_reload(values: Mapping[str, Any]) -> None:
    """Reload the `serve` of this VAR_DIR and wait for it; ServeError where it failed."""
    var_dir = Path(values["VAR_DIR"])
    before = _running(var_dir)
    path = var_dir / SETTINGS_FILE
    path.unlink(missing_ok=True)
    # Readable by the owner only: settings contain passwords.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({name: os.environ[name] for name in NAMES if name in os.environ}, file)
    os.kill(before["pid"], signal.SIGHUP)
    while (now := _running(var_dir))["reloads"] == before["reloads"]:
        time.sleep(POLL_S)
    if now["failed"]:
        raise ServeError(now["failed"])
    print(f"New processes serve {now['url']}.")


def _running(var_dir: Path) -> Facts:
    facts = read_instance(var_dir)
    if facts is None or "reloads" not in facts:
        raise ServeError(f"nothing serves in {var_dir}.")
    return facts
