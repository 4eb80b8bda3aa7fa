"""Reminders that an official mails to the contacts of communes that lack samples: their text."""

from typing import Any

from flask import current_app

from backend.contacts.reminders import Mailing, Recipient, Sender
from backend.coverage.alerts.service import SILENT_DAYS
from backend.web.desk.area import REMINDED, AreaPage
from backend.web.site.pages import Translator

TEMPLATE = "web/desk/reminder_mail.html"


def units_to_remind(area: AreaPage, group: str) -> list[dict[str, Any]]:
    """Return the units of a group, or of all groups that lack samples (`lacking`)."""
    groups = REMINDED if group == "lacking" else (group,)
    return [one for one in area.rows if one["group"] in groups]


def compose_mailing(area: AreaPage, recipients: list[Recipient], sender: Sender) -> Mailing:
    """Return the mails to recipients, in Vietnamese whatever language the official reads."""
    values = Translator("vi", None).template_values()
    values |= {"area": area, "sender": sender, "silent_days": SILENT_DAYS}
    module = current_app.jinja_env.get_template(TEMPLATE).make_module(values)
    written: Any = module

    def text(one: Recipient) -> str:
        lines = written.mail(one).unescape().strip().splitlines()
        return "\n".join(line.strip() for line in lines) + "\n"

    return Mailing(
        area=area.unit,
        month=area.query.month,
        network=area.query.network,
        recipients=recipients,
        subject=lambda one: " ".join(written.subject(one).unescape().split()),
        text=text,
    )
