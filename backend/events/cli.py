"""flask events: note, number and deliver events."""

import click
from flask import current_app
from flask.cli import AppGroup

from backend.events import running

cli = AppGroup("events", help="The feed of events and its webhooks.")
commands = (cli,)


@cli.command()
@click.option(
    "--for",
    "for_s",
    type=click.FloatRange(0, 86_400),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="stay so long while there is a webhook, and deliver at once",
)
def run(for_s: float) -> None:
    """Note communes that reached their target and near deadlines; deliver to the webhooks."""
    app = current_app._get_current_object()  # type: ignore[attr-defined] # for threads
    running.run(app, app.extensions["clock"], for_s)
