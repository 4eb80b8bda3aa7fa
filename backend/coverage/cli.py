"""Commands of the operator about figures."""

import click
from flask.cli import AppGroup

from backend.batch import Workforce
from backend.batch_options import workforce
from backend.coverage import statistics_refresh
from backend.coverage.digest import digest as make_digest
from backend.coverage.schemas import NETWORKS
from backend.coverage.sending_cli import tell
from backend.coverage.vnnic_cli import import_file
from backend.http import clock_now
from backend.measurements.terminal import bar, month_option
from backend.units.terminal import errors

cli = AppGroup("coverage", help="Stored figures: compute them again.")
cli.add_command(import_file)


@cli.command()
@click.option("--month", callback=month_option, help="YYYY-MM; default: every month")
@click.option("--all", "everything", is_flag=True, help="also what nothing changed in")
@workforce
def refresh(month: str | None, everything: bool, force: Workforce) -> None:
    """Compute statistics again where the counted samples changed."""
    if everything:
        statistics_refresh.mark_all(month)
    with bar("refresh") as progress:
        done = statistics_refresh.refresh(clock_now(), month, progress, force)
    click.echo(f"communes computed again: {done}")


@cli.command()
@click.option("--unit", required=True, help="code of a province, district or commune")
@click.option("--network", type=click.Choice(NETWORKS), default="mobile", show_default=True)
@click.option("--send", "sending", is_flag=True, help="by SMTP_HOST and DIGEST_WEBHOOK")
def digest(unit: str, network: str, sending: bool) -> None:
    """Tell in Vietnamese how a place stands today, and send it where that is asked."""
    with errors():
        told = make_digest(unit, network, clock_now())
    tell(told, sending)
