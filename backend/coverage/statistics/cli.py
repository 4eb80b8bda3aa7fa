"""Commands that recompute stored statistics and make monthly releases."""

import click
from flask.cli import AppGroup
from sqlalchemy import select

from backend.batch.command_line import (
    Month,
    click_errors,
    executor_options,
    progress_bar,
)
from backend.batch.executor import Executor
from backend.clock import local_day
from backend.coverage.figures.cli import cli
from backend.coverage.figures.daily_history import refresh_daily_history
from backend.coverage.statistics import refresh as statistics_refresh
from backend.coverage.statistics import release
from backend.coverage.statistics.models import Release
from backend.database.extensions import db
from backend.http.requests import clock_now
from backend.measurements.recording.rules import NETWORKS

release_cli = AppGroup("release", help="Monthly releases of the public figures.")
commands = (release_cli,)  # the other command belongs to the group of coverage


@cli.command()
@click.option("--month", type=Month(), help="YYYY-MM; default: every month")
@click.option("--all", "everything", is_flag=True, help="also unchanged months")
@click.option("--hourly", is_flag=True, help="past months only once a day, at night")
@executor_options
def refresh(month: str | None, everything: bool, hourly: bool, executor: Executor) -> None:
    """Recompute statistics whose counted samples changed; sum the days before today once a day."""
    for network in NETWORKS:
        refresh_daily_history(local_day(clock_now()), network)
    if everything:
        statistics_refresh.mark_all(month)
    with progress_bar("refresh") as progress:
        done = statistics_refresh.refresh(clock_now(), month, progress, executor, hourly=hourly)
    click.echo(f"communes recomputed: {done}")


@release_cli.command()
@click.argument("months", metavar="[MONTH]…", nargs=-1, type=Month())
def make(months: tuple[str, ...]) -> None:
    """Release the figures of each past MONTH (YYYY-MM); default: of all that are due.

    A release is final: it is never computed again.
    """
    now = clock_now()
    with click_errors():
        for month in months or release.due_months(now):
            done = release.make(month, now)
            click.echo(f"{month}: {'released' if done else 'was released before, unchanged'}")


@release_cli.command("list")
def list_releases() -> None:
    """List the releases, the latest month first."""
    for row in db.session.scalars(select(Release).order_by(Release.month.desc())):
        click.echo(f"{row.month}  {row.made_at:%Y-%m-%d %H:%M} UTC")
