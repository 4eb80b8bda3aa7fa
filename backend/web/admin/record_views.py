"""Pages of the audit log, and of withdrawals with their deadlines."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request

from backend.accounts.audit import read_audit
from backend.accounts.authentication import actor
from backend.admin.audit_details import readable_details
from backend.clock import day_begin, local_day
from backend.errors import invalid
from backend.http.requests import clock_now
from backend.measurements.privacy.request_views import StepSchema
from backend.measurements.privacy.requests import list_requests, open_request, record_step
from backend.web.admin.fields import row_of
from backend.web.admin.frame import back, bp, done, new_form, shown
from backend.web.admin.schemas import ROWS, AuditPageQuerySchema, WithdrawalFormSchema
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form

FILTERS = ("actor", "act", "subject", "from", "to")


@bp.page("/audit", AuditPageQuerySchema)
def audit(asked: dict[str, Any]) -> Any:
    """List privileged acts, newest first, by who, what, about what and when."""
    listed = read_audit(actor(), asked | {"limit": ROWS})
    kept = {name: request.args.get(name) for name in FILTERS}
    return shown("audit", asked, listed=listed, kept=kept, row_of=row_of, details=readable_details)


@bp.page("/withdrawals", methods=READ_WRITE)
def withdrawals(asked: dict[str, Any]) -> Any:
    """List withdrawals with their deadlines, and note one that was asked for elsewhere."""
    form, now = new_form(asked), clock_now()
    if done(form, WithdrawalFormSchema(), lambda typed: _note(typed, now)):
        return back("admin.withdrawals", asked)
    return _listed(asked, form)


@bp.page("/withdrawals/<int:request_id>", methods=("POST",))
def settle_withdrawal(asked: dict[str, Any], request_id: int) -> Any:
    """Note that a withdrawal was acknowledged or done."""
    form, now = new_form(asked), clock_now()
    if done(form, StepSchema(), lambda typed: record_step(actor(), request_id, **typed, now=now)):
        return back("admin.withdrawals", asked)
    return _listed(asked, form)


def _note(typed: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """By the day: the law counts in days, and nobody knows at which minute a letter came."""
    if typed["received_on"] > local_day(now):
        raise invalid("received_on", "in_future")
    asked = {"channel": typed["channel"], "received_at": day_begin(typed["received_on"])}
    return open_request(actor(), asked, now)


def _listed(asked: dict[str, Any], form: Form) -> Any:
    return shown("withdrawals", asked, form, items=list_requests(actor(), clock_now())["items"])
