"""The command group `flask coverage`, to which packages above add their commands."""

import click
from flask.cli import AppGroup

from backend.coverage.figures.public_counts import copy_counts
from backend.http.requests import clock_now

cli = AppGroup("coverage", help="Recompute stored figures.")
commands = (cli,)


@cli.command("copy-counts")
@click.option("--everything", is_flag=True, help="now, not at midnight, all that changed")
def copy(everything: bool) -> None:
    """Copy the counts of communes that the public sees; once an hour, at the full hour."""
    copied = copy_counts(clock_now(), everything=everything)
    click.echo("copied in this hour before" if copied is None else f"rows copied: {copied}")
