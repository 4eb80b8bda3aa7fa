"""The command that publishes open data."""

import click
from flask.cli import with_appcontext

from backend.http import clock_now
from backend.measurements.cli import month_option
from backend.reports import open_data
from backend.units.terminal import errors


@click.command("publish-data")
@click.argument("month", callback=month_option)
@with_appcontext
def publish_data(month: str) -> None:
    """Publish the open data of a MONTH (YYYY-MM) that is over, at /open-data/MONTH/."""
    with errors():
        digests = open_data.publish_data(month, clock_now())
    for name, digest in digests.items():
        click.echo(f"{digest}  {month}/{name}")
