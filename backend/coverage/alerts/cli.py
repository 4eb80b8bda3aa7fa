"""Command: print or send the digest of a place."""

import click

from backend.batch.command_line import click_errors
from backend.coverage.alerts.digest import digest as make_digest
from backend.coverage.alerts.digest import print_or_send
from backend.coverage.figures.cli import cli
from backend.http.requests import clock_now
from backend.measurements.recording.rules import NETWORKS

commands = (cli,)


@cli.command()
@click.option("--unit", required=True, help="code of a province, district or commune")
@click.option("--network", type=click.Choice(NETWORKS), default="mobile", show_default=True)
@click.option("--send", "sending", is_flag=True, help="by SMTP_HOST and DIGEST_WEBHOOK")
def digest(unit: str, network: str, sending: bool) -> None:
    """Print the digest of a place in Vietnamese; send it with --send."""
    with click_errors():
        result = make_digest(unit, network, clock_now())
    print_or_send(result, sending)
