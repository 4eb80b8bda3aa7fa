"""Delivery of a digest by SMTP, a web hook, or both, according to the settings."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.request import Request, urlopen

import click
import orjson
from flask import current_app

from backend.coverage.alerts.digest import Digest
from backend.mail import FAILURES, TIMEOUT_S, mail


class DeliveryError(Exception):
    """A digest could not be sent."""


def send(digest: Digest, settings: Mapping[str, Any]) -> list[str]:
    """Send a digest to all configured addresses and return them; raise DeliveryError."""
    sent = []
    if settings["SMTP_HOST"] and settings["DIGEST_TO"]:
        _attempt("SMTP_HOST", _mail, digest, settings)
        sent += list(settings["DIGEST_TO"])
    if settings["DIGEST_WEBHOOK"]:
        _attempt("DIGEST_WEBHOOK", _post, digest, settings)
        sent.append(settings["DIGEST_WEBHOOK"])
    return sent


def _attempt(
    setting: str,
    deliver: Callable[[Digest, Mapping[str, Any]], None],
    digest: Digest,
    settings: Mapping[str, Any],
) -> None:
    try:
        deliver(digest, settings)
    except FAILURES as error:
        raise DeliveryError(f"{setting}: {error}") from error


def _mail(digest: Digest, settings: Mapping[str, Any]) -> None:
    mail(settings["DIGEST_TO"], digest.subject, digest.text, settings)


def _post(digest: Digest, settings: Mapping[str, Any]) -> None:
    """Post JSON; chat services show its `text`."""
    body = orjson.dumps({"unit": digest.unit, "day": digest.day, "text": digest.text})
    request = Request(  # noqa: S310 # the setting takes http and https only
        settings["DIGEST_WEBHOOK"], body, {"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
        pass


def print_or_send(digest: Digest, sending: bool) -> None:
    """Print a digest in a command; with `sending`, also send it, and fail if nothing is set."""
    click.echo(digest.text, nl=False)
    if not sending:
        return
    try:
        addresses = send(digest, current_app.config)
    except DeliveryError as error:
        raise click.ClickException(f"not sent: {error}") from None
    if not addresses:
        raise click.ClickException("not sent: set SMTP_HOST and DIGEST_TO, or DIGEST_WEBHOOK")
    click.echo(f"sent to {', '.join(addresses)}", err=True)
