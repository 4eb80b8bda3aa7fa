"""A small file system for a database, and how it gets full."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 1_500_000_000  # sparse: takes what is written
STEPS = (1 << 26, 1 << 20, 1 << 12)  # so that the last page is taken, too


class NoDiskError(RuntimeError):
    """No file system of our own can be had here."""


@contextmanager
def small_disk() -> Iterator[Path]:
    """Mount a file system that lies in a file; only root may, elsewhere NoDiskError."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        image, mounted = Path(folder) / "image", Path(folder) / "disk"
        mounted.mkdir()
        with image.open("wb") as file:
            file.truncate(SIZE)
        try:
            _run("mkfs.ext4", "-q", "-m", "0", image)
            _run("mount", "-o", "loop", image, mounted)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoDiskError(str(error)) from error
        try:
            yield mounted
        finally:
            _run("umount", "--lazy", mounted)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Take all that is free on a file system, and give it back."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb") as file:
            for step in STEPS:
                _take(file.fileno(), step)
        yield
    finally:
        ballast.unlink(missing_ok=True)


def _take(handle: int, step: int) -> None:
    while True:
        try:
            os.posix_fallocate(handle, os.fstat(handle).st_size, step)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)
