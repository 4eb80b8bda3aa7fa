"""Commands that archive months as files, check and restore them."""

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
    """Write each past MONTH (YYYY-MM) as GeoParquet and check it against the database."""
    for month in months:
        with click_errors(), spinner(f"archive {month}"):
            manifest = service.archive(month, clock_now())
        click.echo(f"{manifest.sha256}  {service.path_of(month)}  rows: {manifest.rows}")


@cli.command("check-archive")
@MONTHS
def check_archive(months: tuple[str, ...]) -> None:
    """Check that each MONTH's archive is undamaged and equals the database."""
    for month in months:
        with click_errors(), spinner(f"check {month}"):
            manifest = service.check(month)
        click.echo(f"{month}: undamaged and equal, rows: {manifest.rows}")


@cli.command("restore")
@MONTHS
def restore(months: tuple[str, ...]) -> None:
    """Insert rows of each MONTH that are missing in the database, except of withdrawn devices."""
    for month in months:
        with click_errors(), spinner(f"restore {month}"):
            restored, skipped = service.restore(month)
        click.echo(f"{month}: restored: {restored}; skipped, of withdrawn devices: {skipped}")
