"""Pages of the VNNIC comparison, the letterhead and deputies."""

from typing import Any

from flask import request

from backend.accounts.authentication import actor
from backend.clock import this_month
from backend.coverage.figures.authorized_unit import authorized_unit
from backend.coverage.vnnic.importer import ImportOptions, import_vnnic, serialize_import
from backend.coverage.vnnic.service import comparison
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.organisations.areas import delegate, end_deputy, list_deputies
from backend.reports.monthly.letterheads import set_letterhead, show_letterhead
from backend.web.desk.area import ACT, delegable_areas
from backend.web.desk.blueprint import bp
from backend.web.desk.schemas import (
    LINES,
    DeputyFormSchema,
    LetterheadFormSchema,
    MonthQuerySchema,
    TableFormSchema,
)
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to, uploaded_file
from backend.web.site.pages import render_private


@bp.page("/area/<code>/vnnic", MonthQuerySchema, methods=READ_WRITE)
def vnnic(query: dict[str, Any], code: str) -> Any:
    """Compare with VNNIC's count, and import its table after a preview."""
    form, now = new_form(query), clock_now()
    month, network = query["month"] or this_month(now), query["network"]
    unit = authorized_unit(actor(), ACT, code, None, month)
    result = form.submit(TableFormSchema(), lambda fields: _import(fields, form))
    if result and not result["dry_run"]:
        return redirect_to("desk.vnnic", query, code=code, month=query["month"], network=network)
    parent = unit.code if unit.level != "commune" else unit.parent_code
    found = comparison(month, network, parent, now, language=form.language)
    values = {"unit": unit, "chosen_month": month, "network": network, "found": found}
    return render_private("web/desk/vnnic.html", query["lang"], form=form, result=result, **values)


def _import(fields: dict[str, Any], form: Form) -> dict[str, Any]:
    """Import the uploaded table or preview it; return the outcome of each row."""
    form.values["file"] = None  # so that errors of the file appear beside its field
    with uploaded_file().stream as content:
        raw = content.read()
    options = ImportOptions(fields["month"], fields["network"], columns=fields["columns"])
    dry_run = fields["go"] is None
    result = import_vnnic(actor(), lambda: raw, options, dry_run=dry_run, now=clock_now())
    return serialize_import(result, form.language)


@bp.page("/area/<code>/letterhead", methods=READ_WRITE)
def letterhead(query: dict[str, Any], code: str) -> Any:
    """Show and change the letterhead of a unit."""
    form, now = new_form(query), clock_now()
    letterhead = show_letterhead(actor(), code, {"as_of": None, "level": None}, now)
    if request.method != "POST":
        form.values = letterhead | {name: "\n".join(letterhead[name]) for name in LINES}

    def change(fields: dict[str, Any]) -> Any:
        expected = frozenset({fields.pop("version")})
        return set_letterhead(actor(), code, None, expected, fields, now)

    if form.submit(LetterheadFormSchema(), change):
        return redirect_to("desk.letterhead", query, code=code)
    return render_private(
        "web/desk/letterhead.html", query["lang"], form=form, letterhead=letterhead, code=code
    )


@bp.page("/deputies", methods=READ_WRITE)
def deputies(query: dict[str, Any]) -> Any:
    """List deputies, and delegate an own area."""
    form, now, user = new_form(query), clock_now(), actor()
    own = delegable_areas(user)
    if request.method == "POST" and not own:
        raise Problem(403, "forbidden")
    if form.submit(DeputyFormSchema(), lambda fields: delegate(user, fields, now)):
        return redirect_to("desk.deputies", query)
    values = {"deputies": list_deputies(user, now), "areas": own, "user_id": user.user_id}
    return render_private("web/desk/deputies.html", query["lang"], form=form, **values)


@bp.page("/deputies/<int:deputy_id>/end", methods=("POST",))
def end(query: dict[str, Any], deputy_id: int) -> Any:
    """End a delegation now."""
    end_deputy(actor(), deputy_id, clock_now())
    return redirect_to("desk.deputies", query)
