"""Find the process that serves a data folder, by PostgreSQL's pid file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def pid_of(data: Path) -> int | None:
    """Return the process id of the server of `data`, or None."""
    pid = _stored_pid(data)
    if pid is None or not _alive(pid) or not _serves(pid, data):
        return None
    return pid


def remove_foreign_pid(data: Path, socket: Path) -> None:
    """Remove pid files whose process id another program has now; PostgreSQL would not start.

    Files with an unused process id are left to PostgreSQL, which cleans up after a dead server.
    """
    pid = _stored_pid(data)
    if pid is not None and _alive(pid) and not _serves(pid, data):
        (data / "postmaster.pid").unlink(missing_ok=True)
        socket.with_name(socket.name + ".lock").unlink(missing_ok=True)


def _stored_pid(data: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return abs(int((data / "postmaster.pid").read_text().splitlines()[0]))
    return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False


def _serves(pid: int, data: Path) -> bool:
    """Return whether the command line names the folder; True without /proc."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return os.fsencode(data) in words
    return True
