"""The command that publishes open data."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import click
import structlog

from backend.batch.command_line import Month, executor_options, sentence
from backend.batch.executor import Executor
from backend.database.extensions import db
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.reports.monthly.cli import cli
from backend.reports.open_data import service as open_data

commands = ()  # its command is in the group `reports`
log = structlog.get_logger()


@cli.command("publish-data")
@click.argument("months", metavar="[MONTH]…", nargs=-1, type=Month())
@executor_options
def publish_data(months: tuple[str, ...], executor: Executor) -> None:
    """Publish the open data of each past MONTH (YYYY-MM) at /open-data/MONTH/.

    Default: of all released months that are not published yet. A month that fails is named at the
    end; the others are published.
    """
    months = months or tuple(open_data.due_months())
    failed = []
    published = executor.map(partial(_publish, now=clock_now()), months)
    for month, (digests, failure) in zip(months, published, strict=True):
        for name, digest in digests.items():
            click.echo(f"{digest}  {month}/{name}")
        if failure:
            failed.append(f"{month}: {failure}")
    if failed:
        raise click.ClickException("\n".join(failed))


def _publish(month: str, now: datetime) -> tuple[Mapping[str, str], str | None]:
    """Publish a month; return its digests, and why it failed."""
    try:
        return open_data.publish_data(month, now), None
    except Problem as problem:
        return {}, sentence(problem)
    except Exception as error:  # of any kind: it is logged, and the other months are published
        db.session.rollback()
        log.error("month not published", month=month, exc_info=error)
        return {}, f"{type(error).__name__}: {error}"
