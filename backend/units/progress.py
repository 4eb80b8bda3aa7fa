"""What commands show on a terminal while they work, and when something is wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status

from backend.errors import Problem
from backend.i18n.messages import message


@contextmanager
def errors() -> Iterator[None]:
    """Say what is wrong in a sentence instead of a traceback."""
    try:
        yield
    except ValueError as error:
        from geo.polygons import BoundaryError

        if not isinstance(error, BoundaryError):
            raise
        raise click.ClickException(str(error)) from error
    except Problem as problem:
        codes = [error.code for error in problem.errors] or [problem.code]
        told = " ".join(message(code, "en") for code in codes)
        raise click.ClickException(told) from problem


def busy(what: str) -> Status:
    """A spinner with words, on a terminal; nothing in a log."""
    return Console(stderr=True).status(what)


@contextmanager
def downloading() -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar that is told bytes so far and in all; unpacking and checking follow."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("Downloading", total=None)

        def told(now: int, total: int | None) -> None:
            done = total is not None and now == total
            words = "Unpacking and checking" if done else "Downloading"
            bar.update(task, completed=now, total=total, description=words)

        yield told
