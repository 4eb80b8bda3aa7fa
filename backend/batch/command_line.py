"""Progress bars, error messages and shared options of the commands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.status import Status

from backend.clock import month_start
from backend.errors import Problem
from backend.i18n.messages import message


@contextmanager
def click_errors() -> Iterator[None]:
    """Turn domain errors into one sentence instead of a traceback."""
    try:
        yield
    except ValueError as error:
        from geo.polygons import BoundaryError

        if not isinstance(error, BoundaryError):
            raise
        raise click.ClickException(str(error)) from error
    except Problem as problem:
        codes = [error.code for error in problem.errors] or [problem.code]
        raise click.ClickException(" ".join(message(code, "en") for code in codes)) from problem


def spinner(title: str) -> Status:
    """Return a spinner; it prints nothing where stderr is no terminal."""
    return Console(stderr=True).status(title)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar; yield a function of (done, total)."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(title)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def download_bar() -> Iterator[Callable[[int, int | None], None]]:
    """Show the progress of a download; yield a function of (bytes, total bytes).

    After the last byte the title changes to the steps that follow.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("Downloading", total=None)

        def update(now: int, total: int | None) -> None:
            complete = total is not None and now == total
            title = "Unpacking and checking" if complete else "Downloading"
            progress.update(task, completed=now, total=total, description=title)

        yield update


def month_option(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
    """Check the month of an option (a click callback)."""
    try:
        if value is not None:
            month_start(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


def month_arguments(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Check the months of an argument (a click callback)."""
    return tuple(month_option(context, option, month) for month in value)
