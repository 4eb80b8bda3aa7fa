"""The command that publishes open data."""

from functools import partial

import click

from backend.batch.command_line import click_errors, month_arguments, workforce
from backend.batch.workforce import Workforce
from backend.http.requests import clock_now
from backend.reports.monthly.cli import cli
from backend.reports.open_data import service as open_data

commands = ()  # its command is in the group `reports`


@cli.command("publish-data")
@click.argument("months", metavar="[MONTH]…", nargs=-1, callback=month_arguments)
@workforce
def publish_data(months: tuple[str, ...], force: Workforce) -> None:
    """Publish the open data of each past MONTH (YYYY-MM) at /open-data/MONTH/.

    Default: of all released months that are not published yet.
    """
    publish = partial(open_data.publish_data, now=clock_now())
    with click_errors():
        months = months or tuple(open_data.due_months())
        for month, digests in zip(months, force.each(publish, months), strict=True):
            for name, digest in digests.items():
                click.echo(f"{digest}  {month}/{name}")
