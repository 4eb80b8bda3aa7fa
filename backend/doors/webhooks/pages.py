"""Pages of admins about webhooks: add one, see what it could not deliver, replay, remove it."""

from typing import Any, Literal, TypedDict

from flask import Response, request
from marshmallow import ValidationError, validates_schema

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.doors.webhooks import service
from backend.events.feed import KINDS
from backend.fields import Many, Strict, Text
from backend.http.addresses import MAX_URL
from backend.http.requests import clock_now
from backend.web.admin.frame import bp, render_section
from backend.web.admin.roles import requested_unit
from backend.web.admin.schemas import MAX_DIGITS, FormattedNumber, UnitForm, optional_unit
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to
from backend.web.site.schemas import LangQuery


class WebhookForm(UnitForm):
    """A webhook to add, of the events of a unit."""

    url: str
    kinds: list[str]  # empty: all


class WebhookActForm(TypedDict):
    """What to do with a webhook."""

    act: str  # enable, disable, secret, replay, remove
    after: int  # the number that a replay begins after


class WebhookFormSchema(Strict):
    """A new webhook; without kinds, of all."""

    url = Text(most=MAX_URL, required=True)
    kinds = Many(Text(choices=KINDS), 0, len(KINDS), load_default=list)
    unit, unit_choice = optional_unit(), optional_unit()


class WebhookActSchema(Strict):
    """What to do with a webhook; `after` is the number that a replay begins after."""

    act = Text(choices=("enable", "disable", "secret", "replay", "remove"), required=True)
    after = FormattedNumber(0, 10**MAX_DIGITS, allow_none=True, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def check_number(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require the number of a replay: 0, everything, must be typed."""
        if data["act"] == "replay" and data["after"] is None:
            raise ValidationError("null", "after")


@bp.page("/webhooks", methods=READ_WRITE)
def webhooks(query: LangQuery) -> Response:
    """List the webhooks, and add one, whose secret this answer alone shows."""
    form, now = new_form(query), clock_now()

    def add(fields: WebhookForm) -> service.NewWebhook:
        unit = requested_unit(fields, local_day(now))
        data: service.WebhookCreate = {
            "url": fields["url"],
            "kinds": fields["kinds"] or list(KINDS),
            "unit": unit,
            "after": None,
        }
        return service.add_webhook(actor(), data, now)

    made = form.submit(WebhookFormSchema(), add, lists=("kinds",))
    listed = service.list_webhooks(actor())["items"]
    page = render_section("webhooks", query, form, hooks=listed, made=made, kinds=KINDS)
    if made:
        page.status_code = 201
    return page


@bp.page("/webhooks/<int:webhook_id>")
def webhook(query: LangQuery, webhook_id: int) -> Response:
    """Show a webhook and the events that it could not deliver."""
    return _show(query, webhook_id, new_form(query))


@bp.page("/webhooks/<int:webhook_id>", methods=("POST",))
def change_webhook(query: LangQuery, webhook_id: int) -> Response:
    """Enable, disable, replay or remove a webhook, or make its new secret, shown this once."""
    form, admin, chosen = new_form(query), actor(), request.form.get("act", "").strip()
    if chosen == "remove" and request.form.get("sure") != "yes":
        return redirect_to("admin.webhook", query, webhook_id=webhook_id)

    def act(fields: WebhookActForm) -> service.WebhookDetails | Literal[True]:
        if fields["act"] == "remove":
            service.remove_webhook(admin, webhook_id)
            return True
        if fields["act"] == "replay":
            return service.replay(admin, webhook_id, fields["after"])
        if fields["act"] == "secret":
            return service.renew_secret(admin, webhook_id, clock_now())
        return service.enable_webhook(admin, webhook_id, fields["act"] == "enable", clock_now())

    done = form.submit(WebhookActSchema(), act)
    if done is None or chosen == "secret":
        return _show(query, webhook_id, form, None if done is True else done)
    if chosen == "remove":
        return redirect_to("admin.webhooks", query)
    return redirect_to("admin.webhook", query, webhook_id=webhook_id)


def _show(
    query: LangQuery, webhook_id: int, form: Form, made: service.WebhookDetails | None = None
) -> Response:
    hook = service.show_webhook(actor(), webhook_id)
    return render_section("webhook", query, form, hook=hook, made=made, now=clock_now())
