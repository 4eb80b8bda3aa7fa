"""A one-time link by mail: where the operator has a mail server and the person an address."""

from collections.abc import Mapping
from typing import Any

import structlog

from backend.accounts import users
from backend.accounts.links import Link
from backend.clock import VIETNAM
from backend.mail import FAILURES, mail

log = structlog.get_logger()

SUBJECT = "Đo Sóng: chọn mật khẩu / choose a password"
TEXT = """\
Đường dẫn dưới đây dùng một lần, đến {until} (giờ Việt Nam). Mở nó để chọn mật khẩu:

{link}

Nếu bạn không chờ thư này, hãy bỏ qua: không có gì xảy ra khi đường dẫn không được mở.

The link above serves once, until {until} (Vietnam time). Open it to choose a password. If you did
not expect this mail, do nothing: an unopened link changes nothing.
"""


def handed_over(link: Link, base: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The link as it is shown, and whether it was mailed too; a mail that fails stops nobody."""
    told = link.under(base)
    name = users.find(link.user_id).name or ""
    if not settings["SMTP_HOST"] or "@" not in name:
        return told | {"mailed": False}
    until = f"{link.expires_at.astimezone(VIETNAM):%H:%M, %d/%m/%Y}"
    try:
        mail([name], SUBJECT, TEXT.format(link=told["link"], until=until), settings)
    except FAILURES as error:
        log.warning("link not mailed", error=type(error).__name__)
        return told | {"mailed": False}
    return told | {"mailed": True}
