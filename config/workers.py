"""The folder of the workers' counters, and the signal of a worker that takes requests."""

import contextlib
import os
import shutil
from pathlib import Path

FOLDER = "counters"  # in VAR_DIR; prometheus_client reads it when imported
READY_FD = "READY_FD"  # environment variable with the file descriptor of a pipe
READY = b"."


def fresh_folder(var_dir: Path) -> str:
    """Empty the folder, since counters start at 0, and return its path."""
    folder = var_dir / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return str(folder)


def signal_ready() -> None:
    """Signal by a byte in the pipe, where one was given and is open."""
    with contextlib.suppress(KeyError, OSError):
        os.write(int(os.environ[READY_FD]), READY)
