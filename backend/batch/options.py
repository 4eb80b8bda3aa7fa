"""Options of commands with long work: --workers and --scheduler."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import current_app

from backend.batch.workforce import SchedulerError, Workforce, security_of


def workforce(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --workers and --scheduler to a command, as one argument `force`."""

    @click.option(
        "--workers",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="processes of this machine",
    )
    @click.option("--scheduler", metavar="ADDRESS", help="a Dask scheduler, tls://host:8786")
    @wraps(command)
    def with_force(*arguments: Any, workers: int, scheduler: str | None, **options: Any) -> Any:
        if scheduler is not None:
            try:
                security_of(scheduler, current_app.config)
            except SchedulerError as error:
                raise click.UsageError(str(error)) from None
        try:
            with Workforce(workers, scheduler) as force:
                return command(*arguments, force=force, **options)
        except SchedulerError as error:
            raise click.ClickException(str(error)) from None

    return with_force  # fmt: skip
