"""Pages of the audit log, and of withdrawals with their deadlines."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request

from backend.accounts.audit import read_audit
from backend.accounts.authentication import actor
from backend.clock import day_begin, local_day
from backend.errors import invalid
from backend.http.requests import clock_now
from backend.measurements.privacy.schemas import StepSchema
from backend.measurements.privacy.withdrawal import list_requests, open_request, record_step
from backend.web.admin.audit_details import readable_details
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.fields import row_of
from backend.web.admin.schemas import ROWS, AuditPageQuerySchema, WithdrawalFormSchema
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to

FILTERS = ("actor", "act", "subject", "from", "to")


@bp.page("/audit", AuditPageQuerySchema)
def audit(query: dict[str, Any]) -> Any:
    """List privileged acts, newest first, by actor, act, subject and time."""
    listed = read_audit(actor(), query | {"limit": ROWS})
    kept = {name: request.args.get(name) for name in FILTERS}
    return render_section(
        "audit", query, listed=listed, kept=kept, row_of=row_of, details=readable_details
    )


@bp.page("/withdrawals", methods=READ_WRITE)
def withdrawals(query: dict[str, Any]) -> Any:
    """List withdrawals with their deadlines, and record one received by other channels."""
    form, now = new_form(query), clock_now()
    if form.submit(WithdrawalFormSchema(), lambda fields: _open_request(fields, now)):
        return redirect_to("admin.withdrawals", query)
    return _listed(query, form)


@bp.page("/withdrawals/<int:request_id>", methods=("POST",))
def settle_withdrawal(query: dict[str, Any], request_id: int) -> Any:
    """Record that a withdrawal was acknowledged or done."""
    form, now = new_form(query), clock_now()
    if form.submit(
        StepSchema(), lambda fields: record_step(actor(), request_id, **fields, now=now)
    ):
        return redirect_to("admin.withdrawals", query)
    return _listed(query, form)


def _open_request(fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Record a withdrawal by its day, because legal periods count in days."""
    if fields["received_on"] > local_day(now):
        raise invalid("received_on", "in_future")
    withdrawal = {"channel": fields["channel"], "received_at": day_begin(fields["received_on"])}
    return open_request(actor(), withdrawal, now)


def _listed(query: dict[str, Any], form: Form) -> Any:
    return render_section(
        "withdrawals", query, form, items=list_requests(actor(), clock_now())["items"]
    )
