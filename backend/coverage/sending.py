"""Where a digest goes: a mail by SMTP, a web hook, or both; by what the operator has set."""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.request import Request, urlopen

import orjson

from backend.coverage.digest import Digest

# A mail server that is busy answers later than that; the next day's digest comes anyway.
TIMEOUT_S = 20


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
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{name}: {error}") from error


def _mail(told: Digest, settings: Mapping[str, Any]) -> None:
    message = EmailMessage()
    message["Subject"] = told.subject
    message["From"] = settings["MAIL_FROM"]
    message["To"] = ", ".join(settings["DIGEST_TO"])
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain="dosong")
    message.set_content(told.text)
    with smtplib.SMTP(settings["SMTP_HOST"], settings["SMTP_PORT"], timeout=TIMEOUT_S) as server:
        if settings["SMTP_TLS"]:
            server.starttls(context=ssl.create_default_context())
        if settings["SMTP_USER"]:
            server.login(settings["SMTP_USER"], settings["SMTP_PASSWORD"])
        server.send_message(message)


def _post(told: Digest, settings: Mapping[str, Any]) -> None:
    """As JSON; `text` is what chat services show."""
    body = orjson.dumps({"unit": told.unit, "day": told.day, "text": told.text})
    request = Request(  # noqa: S310 # the setting takes http and https only
        settings["DIGEST_WEBHOOK"], body, {"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
        pass
