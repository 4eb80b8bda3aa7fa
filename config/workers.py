"""The workers' threads and counters, and signals between `serve` and the server processes."""

import contextlib
import os
import shutil
from pathlib import Path

from config.settings import SettingError, make_private

FOLDER = "counters"  # in VAR_DIR; prometheus_client reads it when imported
READY_FD = "READY_FD"  # environment variable with the file descriptor of a pipe
DATABASE_FD = "DATABASE_FD"  # the same for one from which a byte is read once the database runs
DATABASE_READERS = 2  # the web server, and its child that prepares
READY = b"."
# Of a worker process: requests mostly wait for the database.
THREADS = 4


def fresh_folder(var_dir: Path) -> str:
    """Empty the folder, since counters start at 0, and return its path."""
    folder = var_dir / FOLDER
    make_private(var_dir)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return str(folder)


def refuse_root(mode: str) -> None:
    """Raise SettingError for servers that would run as root in production."""
    if os.geteuid() == 0 and mode == "production":
        raise SettingError(
            "it was started as root, and production refuses to serve as root. Start it as an "
            "account of its own that owns VAR_DIR, or give VAR_DIR to one (useradd --system "
            "dosong; chown -R dosong: VAR_DIR): root then continues as that account"
        )


def signal_ready() -> None:
    """Signal by a byte in the pipe, where one was given and is open."""
    with contextlib.suppress(KeyError, OSError):
        os.write(int(os.environ[READY_FD]), READY)


def wait_for_database() -> None:
    """Wait until `serve` has started the database; SystemExit if it has not."""
    if DATABASE_FD in os.environ and os.read(int(os.environ[DATABASE_FD]), len(READY)) != READY:
        raise SystemExit(1)
