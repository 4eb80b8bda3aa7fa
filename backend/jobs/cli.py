"""flask jobs."""

import click
from flask import current_app
from flask.cli import AppGroup

from backend.jobs.service import run_waiting

cli = AppGroup("jobs", help="Jobs that admins start on a page.")
commands = (cli,)


@cli.command()
def run() -> None:
    """Run waiting jobs one after the other; does nothing while another process runs them.

    The server starts this command when a job waits.
    """
    clock, kinds = (current_app.extensions[name] for name in ("clock", "job_kinds"))
    click.echo(f"jobs done: {run_waiting(clock, kinds)}")
