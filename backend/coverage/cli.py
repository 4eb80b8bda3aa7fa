"""Commands of the operator about figures."""

import click
from flask.cli import AppGroup

from backend.coverage import statistics_refresh
from backend.http import clock_now
from backend.measurements.cli import bar, month_option

cli = AppGroup("coverage", help="Figures that are kept: find them anew.")


@cli.command()
@click.option("--month", callback=month_option, help="YYYY-MM; default: every month")
@click.option("--all", "everything", is_flag=True, help="also what nothing changed in")
def refresh(month: str | None, everything: bool) -> None:
    """Find statistics anew where other samples are counted than before."""
    if everything:
        statistics_refresh.mark_all(month)
    with bar("refresh") as progress:
        done = statistics_refresh.refresh(clock_now(), month, progress)
    click.echo(f"communes found anew: {done}")
