"""Command that recomputes stored statistics."""

import click

from backend.batch.command_line import month_option, progress_bar, workforce
from backend.batch.workforce import Workforce
from backend.coverage.figures.cli import cli
from backend.coverage.statistics import refresh as statistics_refresh
from backend.http.requests import clock_now

commands = ()  # its command belongs to the group of coverage


@cli.command()
@click.option("--month", callback=month_option, help="YYYY-MM; default: every month")
@click.option("--all", "everything", is_flag=True, help="also unchanged months")
@workforce
def refresh(month: str | None, everything: bool, force: Workforce) -> None:
    """Recompute statistics whose counted samples changed."""
    if everything:
        statistics_refresh.mark_all(month)
    with progress_bar("refresh") as progress:
        done = statistics_refresh.refresh(clock_now(), month, progress, force)
    click.echo(f"communes recomputed: {done}")
