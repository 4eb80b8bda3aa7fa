"""Commands that keep months as files, and bring them back."""

import click

from backend.batch.command_line import click_errors, month_arguments, spinner
from backend.http.requests import clock_now
from backend.measurements.archive import service as archiving
from backend.measurements.recording.cli import cli

MONTHS = click.argument(
    "months", metavar="MONTH…", nargs=-1, required=True, callback=month_arguments
)
commands = ()  # all of them belong to the group of measurements


@cli.command("archive")
@MONTHS
def archive(months: tuple[str, ...]) -> None:
    """Write each MONTH (YYYY-MM) that is over as GeoParquet, checked against the database."""
    for month in months:
        with click_errors(), spinner(f"archive {month}"):
            kept = archiving.archive(month, clock_now())
        click.echo(f"{kept.sha256}  {archiving.path_of(month)}  rows: {kept.rows}")


@cli.command("check-archive")
@MONTHS
def check_archive(months: tuple[str, ...]) -> None:
    """Tell whether each MONTH's archive is whole, and holds what the database holds."""
    for month in months:
        with click_errors(), spinner(f"check {month}"):
            kept = archiving.check(month)
        click.echo(f"{month}: whole and the same, rows: {kept.rows}")


@cli.command("restore")
@MONTHS
def restore(months: tuple[str, ...]) -> None:
    """Bring back what is missing in the database of each MONTH; withdrawn devices stay gone."""
    for month in months:
        with click_errors(), spinner(f"restore {month}"):
            done = archiving.restore(month)
        click.echo(f"{month}: brought back: {done.back}; left, of withdrawn devices: {done.gone}")
