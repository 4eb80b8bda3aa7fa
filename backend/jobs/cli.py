"""flask jobs."""

import click
from flask import current_app
from flask.cli import AppGroup

from backend.jobs.runner import run_waiting

cli = AppGroup("jobs", help="Long work that admins asked for at a page.")
commands = (cli,)


@cli.command()
def run() -> None:
    """Do what waits, one after the other; nothing where another process is at it.

    The server starts this by itself when something waits.
    """
    click.echo(f"jobs done: {run_waiting(current_app.extensions['clock'])}")
