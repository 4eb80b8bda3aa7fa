"""A test mail that an admin sends: whether the mail server took it, or what failed, by name."""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from socket import gaierror
from typing import Any

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.accounts.login_names import normalize
from backend.accounts.rate_limits import count_for_account
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.mail import FAILURES, mail

# A person who corrects settings needs a few attempts; a server is not used to flood a mailbox.
TESTS_PER_HOUR = 10
# Replies of servers are a line; some add an address of their help.
MAX_REPLY = 300

SUBJECT = "Đo Sóng: thư thử / test mail"
TEXT = """\
Máy chủ Đo Sóng gửi được thư ({at}, giờ Việt Nam). Bạn không cần trả lời thư này.

The server of Đo Sóng can send mail ({at}, Vietnam time). There is no need to answer.
"""

# The first that fits names the failure: subclasses stand before their bases.
KINDS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, "login"),
    (smtplib.SMTPNotSupportedError, "not_supported"),
    (smtplib.SMTPSenderRefused, "sender"),
    (smtplib.SMTPRecipientsRefused, "recipient"),
    (smtplib.SMTPDataError, "refused_text"),
    (smtplib.SMTPServerDisconnected, "disconnected"),
    (smtplib.SMTPResponseException, "greeting"),
    (smtplib.SMTPException, "protocol"),
    (ssl.SSLError, "encryption"),
    (gaierror, "host"),
    (ConnectionRefusedError, "closed"),
    (TimeoutError, "time"),
    (OSError, "network"),
)


@dataclass(frozen=True, slots=True)
class MailTest:
    """The result of a test mail; `kind`, `error` and `reply` are of a failure."""

    to: str
    kind: str | None = None  # one of KINDS, or letters
    error: str | None = None  # the name of the exception
    reply: str | None = None  # what the server answered, with its code

    @property
    def sent(self) -> bool:
        """Whether the server took the mail; it may still return it later."""
        return self.kind is None


def send_test_mail(actor: Actor, to: str, settings: Mapping[str, Any], now: datetime) -> MailTest:
    """Send a test mail, for admins; 422 for a wrong address, 409 without a mail server."""
    require(actor, "system.manage")
    address = normalize(to)
    if address is None or "@" not in address:
        raise invalid("to", "not_email")
    if not settings["SMTP_HOST"]:
        raise Problem(409, "no_mail_server")
    count_for_account("mail_test", actor.name, TESTS_PER_HOUR, now)
    result = _send(address, settings, now)
    # The address is of a person: the log has the outcome alone.
    outcome = {"state": "failed", "error": result.error} if result.kind else {"state": "sent"}
    record_act(actor, "mail.test", "system", **outcome)
    db.session.commit()
    return result


def _send(to: str, settings: Mapping[str, Any], now: datetime) -> MailTest:
    text = TEXT.format(at=f"{now.astimezone(VIETNAM):%H:%M, %d/%m/%Y}")
    try:
        mail([to], SUBJECT, text, settings)
    except UnicodeError as error:  # in the name of the server, or in what it is sent as ASCII
        written = f"{settings['SMTP_USER']}{settings['SMTP_PASSWORD']}"
        kind = "host" if written.isascii() else "letters"
        return MailTest(to, kind, type(error).__name__)
    except FAILURES as error:
        kind = next(name for of, name in KINDS if isinstance(error, of))
        return MailTest(to, kind, type(error).__name__, _reply(error))
    return MailTest(to)


def _reply(error: Exception) -> str | None:
    """Return the server's answer, such as “535 5.7.8 bad credentials”, or the system's words."""
    code: int | str
    text: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, text = error.smtp_code, error.smtp_error
    else:
        code, text = "", str(error)
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return " ".join(f"{code} {words}".split())[:MAX_REPLY] or None
