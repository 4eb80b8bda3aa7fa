"""Pages of exclusions and signals: exclude samples from the counts, or count them again."""

from typing import Any

from flask import current_app, request

from backend.accounts.authentication import actor
from backend.clock import this_month
from backend.coverage.exclusions.service import (
    ExclusionContext,
    exclude_in_unit,
    lift_exclusion,
    list_exclusions,
    may_exclude,
    unit_to_decide,
)
from backend.coverage.signals.service import STATES, SignalContext, decide_signal, unit_signals
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.web.board.schemas import SignalFormSchema
from backend.web.desk.blueprint import bp
from backend.web.desk.schemas import (
    AreaMonthQuerySchema,
    ExclusionFormSchema,
    ExclusionQuerySchema,
    LiftFormSchema,
)
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import new_form, redirect_to, submitted_fields
from backend.web.site.pages import render_private

# Exclusions on one page.
EXCLUSIONS_SHOWN = 50


@bp.page("/area/<code>/signals", AreaMonthQuerySchema, methods=READ_WRITE)
def signals(query: dict[str, Any], code: str) -> Any:
    """Show signals of gaming in an area with their evidence, and record decisions."""
    form, user, now = new_form(query), actor(), clock_now()
    month = query["month"] or this_month(now)
    context = SignalContext(now, current_app.config["SECRET_KEY"], form.language)
    signals = unit_signals(user, code, {"month": month, "level": None}, context)
    if form.submit(
        SignalFormSchema(),
        lambda decision: decide_signal(user, decision["signal_id"], decision, context),
    ):
        return redirect_to("desk.signals", query, code=code, month=month)
    values = {"signals": signals, "states": STATES, "may_exclude": may_exclude(user, code, month)}
    return render_private("web/desk/signals.html", query["lang"], form=form, code=code, **values)


@bp.page("/area/<code>/exclusions", AreaMonthQuerySchema)
def exclusions(query: dict[str, Any], code: str) -> Any:
    """List the exclusions of an area's month."""
    user, now = actor(), clock_now()
    paging = {"cursor": query["cursor"], "limit": EXCLUSIONS_SHOWN}
    filters = {"month": query["month"], "level": None, **paging}
    exclusions = list_exclusions(user, code, filters, now)
    may = may_exclude(user, code, exclusions["month"])
    return render_private(
        "web/desk/exclusions.html", query["lang"], exclusions=exclusions, may_exclude=may
    )


@bp.page("/area/<code>/exclude", ExclusionQuerySchema, methods=READ_WRITE)
def exclude(query: dict[str, Any], code: str) -> Any:
    """Exclude samples from the counts, after a preview."""
    form, result = new_form(query), None
    month = query["month"] or this_month(clock_now())
    unit = unit_to_decide(actor(), code, None, month)
    if request.method == "POST":
        form.values = submitted_fields(["measurements"])
    else:
        one = query["measurement"]
        form.values = {name: query[name] for name in ("device", "signal_id")}
        form.values["measurements"] = [one] if one else []
    if "reason" in form.values:  # else the samples were selected on another page
        fields = form.load(ExclusionFormSchema(), ["measurements"])
        result = fields and form.attempt(lambda: exclude_in_unit(actor(), code, fields, _terms()))
        if result and not result["preview"]:
            return redirect_to("desk.exclusions", query, code=code, month=result["month"])
    values = {"unit": unit, "chosen_month": month, "result": result}
    return render_private("web/desk/exclude.html", query["lang"], form=form, **values)


@bp.page("/area/<code>/exclusions/<int:act_id>", AreaMonthQuerySchema, methods=READ_WRITE)
def lift(query: dict[str, Any], code: str, act_id: int) -> Any:
    """Count excluded samples again, after a preview."""
    form, month = new_form(query), query["month"] or this_month(clock_now())
    unit = unit_to_decide(actor(), code, None, month)
    act = _find_exclusion(code, month, act_id)
    result = form.submit(
        LiftFormSchema(), lambda fields: lift_exclusion(actor(), code, act_id, fields, _terms())
    )
    if result and not result["preview"]:
        return redirect_to("desk.exclusions", query, code=code, month=month)
    values = {"unit": unit, "chosen_month": month, "result": result, "act": act}
    return render_private("web/desk/lift.html", query["lang"], form=form, **values)


def _find_exclusion(code: str, month: str, act_id: int) -> dict[str, Any]:
    """Return an exclusion of the area's month that is in force, else 404."""
    filters = {"month": month, "level": None, "cursor": act_id + 1, "limit": 1}
    exclusions = list_exclusions(actor(), code, filters, clock_now())["items"]
    if not exclusions or exclusions[0]["id"] != act_id or exclusions[0]["lifts"] is not None:
        raise Problem(404, "not_found")
    return dict(exclusions[0])


def _terms() -> ExclusionContext:
    config = current_app.config
    return ExclusionContext(clock_now(), config["SECRET_KEY"], config["COUNT_MANUAL"])
