"""Workers signal by a byte in a pipe that they take requests."""

import contextlib
import os

READY_FD = "READY_FD"  # environment variable with the file descriptor
READY = b"."


def signal_ready() -> None:
    """Signal, where a pipe was given and is open."""
    with contextlib.suppress(KeyError, OSError):
        os.write(int(os.environ[READY_FD]), READY)
