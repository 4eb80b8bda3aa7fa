"""Mail through the operator's server (SMTP_HOST)."""

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

# A busy server may take longer; then the mail counts as not sent.
TIMEOUT_S = 20
FAILURES = (OSError, smtplib.SMTPException)


def mail(to: Sequence[str], subject: str, text: str, settings: Mapping[str, Any]) -> None:
    """Send a mail; raises OSError or SMTPException."""
    message = compose(to, subject, text, settings)
    with smtplib.SMTP(settings["SMTP_HOST"], settings["SMTP_PORT"], timeout=TIMEOUT_S) as server:
        if settings["SMTP_TLS"]:
            server.starttls(context=ssl.create_default_context())
        if settings["SMTP_USER"]:
            server.login(settings["SMTP_USER"], settings["SMTP_PASSWORD"])
        server.send_message(message)


def compose(
    to: Sequence[str], subject: str, text: str, settings: Mapping[str, Any]
) -> EmailMessage:
    """Build the message of a mail."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = settings["MAIL_FROM"]
    message["To"] = ", ".join(to)
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain="dosong")
    message.set_content(text)
    return message
