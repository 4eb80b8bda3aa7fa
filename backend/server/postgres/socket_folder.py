"""A short private folder for the database's socket."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from backend.server.postgres.programs import PostgresError
from backend.server.postgres.unprivileged import Account

LONGEST_BASE = 60  # a socket's whole path has 107 bytes at most


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
