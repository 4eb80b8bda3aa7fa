"""A small file system for a database that can be filled."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 1_500_000_000  # sparse file
STEPS = (1 << 26, 1 << 20, 1 << 12)  # down to the last page


class NoDiskError(RuntimeError):
    """The file system cannot be created or mounted."""


@contextmanager
def small_disk() -> Iterator[Path]:
    """Mount a file system in a file; needs root, else raises NoDiskError."""
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
    """Fill a file system during the block."""
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


def _run(*arguments: object) -> None:
    subprocess.run([str(argument) for argument in arguments], check=True, capture_output=True)
