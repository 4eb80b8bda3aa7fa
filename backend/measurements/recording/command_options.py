"""What commands about measurements share: a bar, and months as they are typed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backend.clock import month_start


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar as a function of (done, of how many)."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(title)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def month_option(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
    """The month of an option, or none; a sentence where it is no month."""
    try:
        if value is not None:
            month_start(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


def months_given(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """The months of an argument."""
    return tuple(month_option(context, option, month) for month in value)
