"""Progress bars, error messages and shared options of the commands.

rich is imported where it is used: web processes need none of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from backend.batch.cluster import Cluster, ClusterError
from backend.batch.executor import Executor
from backend.clock import month_start
from backend.errors import Problem
from backend.i18n.messages import message

if TYPE_CHECKING:
    from rich.status import Status


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
        raise click.ClickException(sentence(problem)) from problem


def sentence(problem: Problem) -> str:
    """Return a domain error in English."""
    codes = [error.code for error in problem.errors] or [problem.code]
    return " ".join(message(code, "en") for code in codes)


def spinner(title: str) -> "Status":
    """Return a spinner; it prints nothing where stderr is no terminal."""
    from rich.console import Console

    return Console(stderr=True).status(title)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar; yield a function of (done, total)."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(title)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def download_bar() -> Iterator[Callable[[int, int | None], None]]:
    """Show the progress of a download; yield a function of (bytes, total bytes).

    After the last byte the title changes to the steps that follow.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("Downloading", total=None)

        def update(now: int, total: int | None) -> None:
            complete = total is not None and now == total
            title = "Unpacking and checking" if complete else "Downloading"
            progress.update(task, completed=now, total=total, description=title)

        yield update


class Month(click.ParamType[str]):
    """The type of options and arguments that are a month, YYYY-MM."""

    name = "month"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        try:
            month_start(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return value


def executor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --workers and --cluster to a command, as one argument `executor`."""

    @click.option(
        "--workers",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="processes of this machine",
    )
    @click.option(
        "--cluster",
        metavar="ADDRESS",
        help="a Dask scheduler, whose workers do it instead: tls://HOST:PORT",
    )
    @wraps(command)
    def with_executor(*arguments: Any, workers: int, cluster: str | None, **options: Any) -> Any:
        if cluster is None:
            with Executor(workers) as executor:
                return command(*arguments, executor=executor, **options)
        if workers > 1:
            raise click.UsageError("give --workers or --cluster: a cluster has workers of its own")
        try:
            with Cluster(cluster) as executor:
                return command(*arguments, executor=executor, **options)
        except ClusterError as error:
            raise click.ClickException(str(error)) from None

    return with_executor  # fmt: skip
