"""Where a digest goes: a mail by SMTP, a web hook, or both; by what the operator has set."""

from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

import orjson

from backend.coverage.alerts.digest import Digest
from backend.mail import FAILURES, TIMEOUT_S, mail


class NotSent(Exception):
    """What could not be sent, and why."""


def send(told: Digest, settings: Mapping[str, Any]) -> list[str]:
    """Send a digest wherever the settings say; the addresses. NotSent names the first failure."""
    sent = []
    if settings["SMTP_HOST"] and settings["DIGEST_TO"]:
        _attempt("SMTP_HOST", _mail, told, settings)
        sent += list(settings["DIGEST_TO"])
    if settings["DIGEST_WEBHOOK"]:
        _attempt("DIGEST_WEBHOOK", _post, told, settings)
        sent.append(settings["DIGEST_WEBHOOK"])
    return sent


def _attempt(name: str, way: Any, told: Digest, settings: Mapping[str, Any]) -> None:
    try:
        way(told, settings)
    except FAILURES as error:
        raise NotSent(f"{name}: {error}") from error


def _mail(told: Digest, settings: Mapping[str, Any]) -> None:
    mail(settings["DIGEST_TO"], told.subject, told.text, settings)


def _post(told: Digest, settings: Mapping[str, Any]) -> None:
    """As JSON; `text` is what chat services show."""
    body = orjson.dumps({"unit": told.unit, "day": told.day, "text": told.text})
    request = Request(  # noqa: S310 # the setting takes http and https only
        settings["DIGEST_WEBHOOK"], body, {"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
        pass
