"""What every command of long work takes: how many processes, and whose."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import current_app

from backend.batch.workforce import SchedulerError, Workforce, trusted


def workforce(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --workers and --scheduler, as one argument `force`."""

    @click.option(
        "--workers",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="processes of this machine",
    )
    @click.option("--scheduler", metavar="ADDRESS", help="a Dask scheduler, tls://host:8786")
    @wraps(command)
    def with_force(*words: Any, workers: int, scheduler: str | None, **more: Any) -> Any:
        if scheduler is not None:
            try:
                trusted(scheduler, current_app.config)
            except SchedulerError as error:
                raise click.UsageError(str(error)) from None
        try:
            with Workforce(workers, scheduler) as force:
                return command(*words, force=force, **more)
        except SchedulerError as error:
            raise click.ClickException(str(error)) from None

    return with_force  # fmt: skip
