"""flask hosts: the measuring hosts that tickets are issued for."""

from typing import Any
from uuid import UUID

import click
from flask import current_app
from flask.cli import AppGroup

from backend.batch.command_line import click_errors
from backend.http.requests import clock_now
from backend.witness import hosts
from backend.witness.checks import check_hosts
from backend.witness.keys import host_key, installation_key
from config import settings

cli = AppGroup("hosts", help="Measuring hosts that witness speed tests.")
commands = (cli,)


def _origin(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return settings.origin(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@cli.command("list")
def list_all() -> None:
    """List the measuring hosts with their keys."""
    down = hosts.down_since()
    for host, keys in hosts.list_hosts():
        state = f"down since {down[host.id]:%Y-%m-%d %H:%M}" if host.id in down else "in use"
        if host.revoked_at:
            state = f"revoked {host.revoked_at:%Y-%m-%d %H:%M}"
        stands = f"in the network of {host.operator}" if host.operator else "neutral"
        click.echo(f"{host.id}  {host.name}  {host.url or 'this installation'}  {stands}, {state}")
        for key in keys:
            replaced = f", replaced {key.replaced_at:%Y-%m-%d}" if key.replaced_at else ""
            click.echo(f"    key {key.kid}{replaced}")
        if not host.signs:
            click.echo("    does not sign")


@cli.command()
@click.argument("name")
@click.argument("url", callback=_origin)
@click.option("--key", help="Its public key; without one the host does not sign.")
@click.option("--operator", help="The operator in whose network it stands; default: neutral.")
@click.option("--id", "host_id", type=click.UUID, help="As scripts/measuring-host prints it there.")
def add(name: str, url: str, **options: Any) -> None:
    """Register the measuring host NAME at URL; prints its id.

    Without --id the id is a new one, for the setting HOST_ID there.
    """
    with click_errors():
        click.echo(hosts.add_host(name, url, options.pop("key"), clock_now(), **options))


@cli.command("replace-key")
@click.argument("host_id", type=click.UUID)
@click.argument("key")
def replace_key(host_id: UUID, key: str) -> None:
    """Replace the keys of a host by KEY; what they signed stays verifiable for 90 days."""
    with click_errors():
        click.echo(hosts.replace_key(host_id, key, clock_now()))


@cli.command()
def check() -> None:
    """Check that each other host answers and signs; after two failures phones take another one."""
    for name, problem in check_hosts(current_app.config, clock_now()).items():
        click.echo(f"{name}: {problem or 'answers'}")


@cli.command("keys")
def show_keys() -> None:
    """Print the public keys of this machine: of its measuring host, and of its tickets."""
    config = current_app.config
    click.echo(f"measuring host: {host_key(config['VAR_DIR']).public_bytes.hex()}")
    click.echo(f"tickets:        {installation_key(config['SECRET_KEY']).public_bytes.hex()}")
