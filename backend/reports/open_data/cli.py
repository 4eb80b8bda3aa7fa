"""The command that publishes open data."""

import click
import structlog

from backend.batch.command_line import Month, sentence
from backend.database.extensions import db
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.reports.monthly.cli import cli
from backend.reports.open_data import service as open_data

commands = ()  # its command is in the group `reports`
log = structlog.get_logger()


@cli.command("publish-data")
@click.argument("months", metavar="[MONTH]…", nargs=-1, type=Month())
def publish_data(months: tuple[str, ...]) -> None:
    """Publish the open data of each past MONTH (YYYY-MM) at /open-data/MONTH/.

    Default: of all released months that are not published yet. A month that fails is named at the
    end; the others are published.
    """
    failed = []
    for month in months or open_data.due_months():
        try:
            for name, digest in open_data.publish_data(month, clock_now()).items():
                click.echo(f"{digest}  {month}/{name}")
        except Problem as problem:
            failed.append(f"{month}: {sentence(problem)}")
        except Exception as error:  # of any kind: it is logged, and the other months are published
            db.session.rollback()
            log.error("month not published", month=month, exc_info=error)
            failed.append(f"{month}: {type(error).__name__}: {error}")
    if failed:
        raise click.ClickException("\n".join(failed))
