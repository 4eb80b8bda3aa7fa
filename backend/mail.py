"""Mail through the operator's server (SMTP_HOST)."""

import smtplib
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, TypeVar

import structlog

# A busy server may take longer; then the mail counts as not sent.
TIMEOUT_S = 20
# Less than a worker's time for one request; a server takes some ten mails a second.
ALL_S = 20
FAILURES = (OSError, smtplib.SMTPException)

Key = TypeVar("Key")
log = structlog.get_logger()


def mail(to: Sequence[str], subject: str, text: str, settings: Mapping[str, Any]) -> None:
    """Send a mail; raises OSError or SMTPException."""
    message = compose(to, subject, text, settings)
    with _connected(settings) as server:
        server.send_message(message)


def send_all(messages: Mapping[Key, EmailMessage], settings: Mapping[str, Any]) -> list[Key]:
    """Send mails over one connection; return the keys of those the server took.

    After a lost connection or ALL_S seconds the others are not sent: a page waits for this.
    """
    sent: list[Key] = []
    if not messages:
        return sent
    ends = time.monotonic() + ALL_S
    try:
        with _connected(settings) as server:
            for key, message in messages.items():
                if time.monotonic() > ends:
                    log.warning("mails not sent in time", sent=len(sent), of=len(messages))
                    break
                try:
                    server.send_message(message)
                except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
                    log.warning("mail refused", error=type(error).__name__)
                    continue
                sent.append(key)
    except FAILURES as error:
        log.warning("mails not sent", error=type(error).__name__, of=len(messages))
    return sent


@contextmanager
def _connected(settings: Mapping[str, Any]) -> Iterator[smtplib.SMTP]:
    """Open a connection to the operator's server and sign in."""
    with smtplib.SMTP(settings["SMTP_HOST"], settings["SMTP_PORT"], timeout=TIMEOUT_S) as server:
        if settings["SMTP_TLS"]:
            server.starttls(context=ssl.create_default_context())
        if settings["SMTP_USER"]:
            server.login(settings["SMTP_USER"], settings["SMTP_PASSWORD"])
        yield server


def compose(
    to: Sequence[str],
    subject: str,
    text: str,
    settings: Mapping[str, Any],
    *,
    reply_to: str | None = None,
) -> EmailMessage:
    """Build the message of a mail; answers go to `reply_to`, by default to the sender."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = settings["MAIL_FROM"]
    message["To"] = ", ".join(to)
    if reply_to:
        message["Reply-To"] = reply_to
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain="dosong")
    message.set_content(text)
    return message
