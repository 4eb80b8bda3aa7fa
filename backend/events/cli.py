"""flask events: note, number and deliver events. flask webhooks: list, disable, enable, replay."""

from datetime import datetime
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from backend.accounts.audit import operator
from backend.batch.command_line import click_errors
from backend.events import running, webhooks
from backend.fields import ID_MOST
from backend.http.requests import clock_now

cli = AppGroup("events", help="The feed of events and its webhooks.")
hook_cli = AppGroup("webhooks", help="Addresses that events are sent to.")
commands = (cli, hook_cli)

HOOK = click.argument("webhook_id", metavar="ID", type=click.IntRange(1, ID_MOST))


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


@hook_cli.command("list")
def list_all() -> None:
    """List the webhooks with their state."""
    for hook in webhooks.list_webhooks(operator())["items"]:
        click.echo(_line(hook))


@hook_cli.command()
@HOOK
def show(webhook_id: int) -> None:
    """Show what waits for a webhook, and the oldest events that it could not deliver."""
    with click_errors():
        hook = webhooks.show_webhook(operator(), webhook_id)
    unit = hook["unit"]
    click.echo(_line(hook))
    click.echo(f"events: {', '.join(hook['kinds'])}")
    click.echo(f"of: {unit['name'] if unit else 'the whole country'}")
    click.echo(f"last delivery: {_moment(hook['delivered_at'], 'none')}")
    click.echo(f"delivered up to: {hook['cursor']} of {hook['last']}")
    click.echo(f"waiting: {hook['waiting']}, failed: {hook['failed_total']}")
    for one in hook["failed"]:
        again = _moment(one["next_at"], "given up")
        click.echo(f"  {one['number']}  {one['type']}  {one['tries']} x {one['error']}  {again}")


@hook_cli.command()
@HOOK
def disable(webhook_id: int) -> None:
    """Stop deliveries to a webhook; it keeps its place."""
    with click_errors():
        click.echo(_line(webhooks.enable_webhook(operator(), webhook_id, False, clock_now())))


@hook_cli.command()
@HOOK
def enable(webhook_id: int) -> None:
    """Deliver to a webhook from where it stopped, and first what failed."""
    with click_errors():
        click.echo(_line(webhooks.enable_webhook(operator(), webhook_id, True, clock_now())))


@hook_cli.command()
@HOOK
@click.option(
    "--after", type=click.IntRange(0), required=True, help="the number that the first one follows"
)
def replay(webhook_id: int, after: int) -> None:
    """Deliver all events after a number again."""
    with click_errors():
        click.echo(_line(webhooks.replay(operator(), webhook_id, after)))


def _line(hook: dict[str, Any]) -> str:
    """Return the id, address and state of a webhook."""
    if not hook["enabled"]:
        state = f"disabled {_moment(hook['disabled_at'])} ({hook['disabled_reason']})"
    else:
        state = f"fails ({hook['error']})" if hook["error"] else "good"
    return f"{hook['id']}  {hook['url']}  {state}"


def _moment(at: datetime | None, without: str = "") -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else without
