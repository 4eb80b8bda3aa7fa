"""Mail by the operator's own server, as the settings name it."""

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

# A mail server that is busy answers later than that; whoever waits is told that nothing was sent.
TIMEOUT_S = 20
FAILURES = (OSError, smtplib.SMTPException)


def mail(to: Sequence[str], subject: str, text: str, settings: Mapping[str, Any]) -> None:
    """Hand a mail to the server; OSError or SMTPException where it does not take it."""
    message = composed(to, subject, text, settings)
    with smtplib.SMTP(settings["SMTP_HOST"], settings["SMTP_PORT"], timeout=TIMEOUT_S) as server:
        if settings["SMTP_TLS"]:
            server.starttls(context=ssl.create_default_context())
        if settings["SMTP_USER"]:
            server.login(settings["SMTP_USER"], settings["SMTP_PASSWORD"])
        server.send_message(message)


def composed(
    to: Sequence[str], subject: str, text: str, settings: Mapping[str, Any]
) -> EmailMessage:
    """The mail as it is sent."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = settings["MAIL_FROM"]
    message["To"] = ", ".join(to)
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain="dosong")
    message.set_content(text)
    return message
