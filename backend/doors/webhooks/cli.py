"""flask webhooks: list, show, disable, enable, replay."""

from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup

from backend.accounts.audit import operator
from backend.batch.command_line import click_errors
from backend.doors.webhooks import service
from backend.fields import MAX_ID
from backend.http.requests import clock_now

cli = AppGroup("webhooks", help="Addresses that events are sent to.")
commands = (cli,)

HOOK = click.argument("webhook_id", metavar="ID", type=click.IntRange(1, MAX_ID))


@cli.command("list")
def list_all() -> None:
    """List the webhooks with their state."""
    for hook in service.list_webhooks(operator())["items"]:
        click.echo(_line(hook))


@cli.command()
@HOOK
def show(webhook_id: int) -> None:
    """Show what waits for a webhook, and the oldest events that it could not deliver."""
    with click_errors():
        hook = service.show_webhook(operator(), webhook_id)
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


@cli.command()
@HOOK
def disable(webhook_id: int) -> None:
    """Stop deliveries to a webhook; it keeps its place."""
    with click_errors():
        click.echo(_line(service.enable_webhook(operator(), webhook_id, False, clock_now())))


@cli.command()
@HOOK
def enable(webhook_id: int) -> None:
    """Deliver to a webhook from where it stopped, and first what failed."""
    with click_errors():
        click.echo(_line(service.enable_webhook(operator(), webhook_id, True, clock_now())))


@cli.command()
@HOOK
@click.option(
    "--after", type=click.IntRange(0), required=True, help="the number that the first one follows"
)
def replay(webhook_id: int, after: int) -> None:
    """Deliver all events after a number again."""
    with click_errors():
        click.echo(_line(service.replay(operator(), webhook_id, after)))


def _line(hook: dict[str, Any]) -> str:
    """Return the id, address and state of a webhook."""
    if not hook["enabled"]:
        state = f"disabled {_moment(hook['disabled_at'])} ({hook['disabled_reason']})"
    else:
        state = f"fails ({hook['error']})" if hook["error"] else "good"
    return f"{hook['id']}  {hook['url']}  {state}"


def _moment(at: datetime | None, without: str = "") -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else without
