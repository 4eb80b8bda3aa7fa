"""What commands do with a digest: print it, and send it where that is asked."""

import click
from flask import current_app

from backend.coverage.alerts.delivery import NotSent, send
from backend.coverage.alerts.digest import Digest


def tell(told: Digest, sending: bool) -> None:
    """Print a digest; send it by what is set, and fail where nothing is."""
    click.echo(told.text, nl=False)
    if not sending:
        return
    try:
        sent = send(told, current_app.config)
    except NotSent as error:
        raise click.ClickException(f"not sent: {error}") from None
    if not sent:
        raise click.ClickException("not sent: set SMTP_HOST and DIGEST_TO, or DIGEST_WEBHOOK")
    click.echo(f"sent to {', '.join(sent)}", err=True)
