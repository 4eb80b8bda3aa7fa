"""flask signals: search for signals of gaming, and the list of carriers' networks."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from backend.coverage.signals import scans
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.i18n.messages import message
from backend.witness.networks import load_networks

cli = AppGroup("signals", help="Signals of gaming.")
commands = (cli,)


@cli.command()
@click.option("--again", is_flag=True, help="Also what was searched today.")
def find(again: bool) -> None:
    """Search the provinces and campaigns not searched today, of months that still get samples."""
    key, clock = current_app.config["SECRET_KEY"], current_app.extensions["clock"]
    click.echo(f"places searched: {scans.search_due(key, clock, again=again)}")


@cli.command()
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def networks(path: Path) -> None:
    """Replace the list of carriers' mobile networks by the CSV FILE (prefix,operator)."""
    try:
        loaded = load_networks(path, clock_now())
    except Problem as problem:
        [error] = problem.errors
        raise click.ClickException(f"{error.field}: {message(error.code, 'en')}") from problem
    click.echo(f"networks: {loaded}")
