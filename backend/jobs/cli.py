"""flask jobs."""

import click
from flask import current_app
from flask.cli import AppGroup

from backend.jobs.runner import run_waiting

cli = AppGroup("jobs", help="Jobs that admins start on a page.")
commands = (cli,)


@cli.command()
def run() -> None:
    """Run waiting jobs one after the other; does nothing while another process runs them.

    The server starts this command when a job waits.
    """
    click.echo(f"jobs done: {run_waiting(current_app.extensions['clock'])}")
