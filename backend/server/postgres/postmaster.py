"""Which process serves a data folder, according to PostgreSQL's own pid file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def pid_of(data: Path) -> int | None:
    """The process that serves `data`, or None where none does."""
    pid = _written(data)
    if pid is None or not _alive(pid) or not _serves(pid, data):
        return None
    return pid


def forget_foreign(data: Path, socket: Path) -> None:
    """Remove pid files whose number another program has now: PostgreSQL would take it for itself.

    A number that nobody has is left to PostgreSQL, which first looks for what the dead server left.
    """
    pid = _written(data)
    if pid is not None and _alive(pid) and not _serves(pid, data):
        (data / "postmaster.pid").unlink(missing_ok=True)
        socket.with_name(socket.name + ".lock").unlink(missing_ok=True)


def _written(data: Path) -> int | None:
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
    """Whether the process's command names the folder; believed where no /proc tells."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return os.fsencode(data) in words
    return True
