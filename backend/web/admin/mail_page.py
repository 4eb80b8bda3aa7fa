"""The page of admins about mail: the settings of the mail server, and a test mail."""

from typing import Any

from flask import current_app

from backend.accounts import users
from backend.accounts.access import Actor
from backend.accounts.authentication import actor
from backend.http.requests import clock_now
from backend.monitoring.mail_check import send_test_mail
from backend.web.admin import schemas
from backend.web.admin.frame import bp, render_section
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import new_form

# The settings that the page shows; never the password.
SHOWN = ("SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "SMTP_USER", "MAIL_FROM")


@bp.page("/mail", methods=READ_WRITE)
def mail(query: dict[str, Any]) -> Any:
    """Show the settings of the mail server, and send a test mail."""
    form, config, now = new_form(query), current_app.config, clock_now()
    tested = form.submit(
        schemas.TestMailFormSchema(),
        lambda fields: send_test_mail(actor(), fields["to"], config, now),
    )
    if not form.values.get("to"):
        form.values["to"] = _own_address(actor())
    settings = {name: config[name] for name in SHOWN}
    settings["SMTP_PASSWORD"] = bool(config["SMTP_PASSWORD"])
    return render_section("mail", query, form, settings=settings, tested=tested)


def _own_address(admin: Actor) -> str | None:
    """Return the name that an admin signs in with, if it is an e-mail address."""
    name = users.find(admin.user_id, lock=False).name if admin.user_id else None
    return name if name and "@" in name else None
