"""Commands that move months to files, check and restore them."""

import click

from backend.batch.command_line import Month, click_errors, spinner
from backend.http.requests import clock_now
from backend.measurements.archive import service
from backend.measurements.recording.cli import cli

MONTHS = click.argument("months", metavar="MONTH…", nargs=-1, required=True, type=Month())
commands = ()  # registered in the group of backend.measurements.recording.cli


@cli.command("archive")
@MONTHS
def archive(months: tuple[str, ...]) -> None:
    """Move the samples of each MONTH (YYYY-MM) from the database to a Parquet file.

    Only months past RETENTION_DAYS. Counts, statistics and releases stay; the file is your only
    copy of the samples, without devices. Run again, it checks that the file is undamaged.
    """
    for month in months:
        with click_errors(), spinner(f"archive {month}"):
            manifest = service.archive(month, clock_now())
        click.echo(f"{manifest['sha256']}  {service.path_of(month)}  rows: {manifest['rows']}")


@cli.command("restore")
@MONTHS
def restore(months: tuple[str, ...]) -> None:
    """Insert the rows of each MONTH's archive again, to be read; `archive` removes them."""
    for month in months:
        with click_errors(), spinner(f"restore {month}"):
            restored = service.restore(month)
        click.echo(f"{month}: restored: {restored}")
