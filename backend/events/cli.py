"""flask events: note and number events, and deliver them."""

import click
from flask import current_app
from flask.cli import AppGroup

from backend.events import running
from backend.http.requests import clock_now

cli = AppGroup("events", help="The feed of events.")
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
    running.run(clock_now, for_s, current_app.extensions["event_delivery"])
