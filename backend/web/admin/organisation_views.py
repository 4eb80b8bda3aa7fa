"""Pages of organisations."""

from typing import Any

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.http.requests import clock_now
from backend.organisations.service import create_organisation, end_organisation, list_organisations
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.roles import UNIT_FIELD, form_errors, unit_reference
from backend.web.admin.roles import organisations as choices
from backend.web.admin.schemas import ROWS, ListQuerySchema, OrganisationFormSchema, VersionSchema
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to

LASTING = {"type": None, "parent": None, "q": None, "ended": "false", "limit": ROWS}


@bp.page("/organisations", ListQuerySchema, READ_WRITE)
def organisations(query: dict[str, Any]) -> Any:
    """List organisations, and add one."""
    form, today = new_form(query), local_day(clock_now())

    def act(fields: dict[str, Any]) -> Any:
        code = fields.pop("unit_code")
        unit = unit_reference(code, level_of(code), today)
        with form_errors(UNIT_FIELD):
            return create_organisation(actor(), fields | {"unit": unit})

    if form.submit(OrganisationFormSchema(), act):
        return redirect_to("admin.organisations", query)
    return _listed(query, form)


@bp.page("/organisations/<int:organisation_id>/end", ListQuerySchema, ("POST",))
def stop_organisation(query: dict[str, Any], organisation_id: int) -> Any:
    """End an organisation, or remove it if it is empty."""
    form, now = new_form(query), clock_now()

    def act(fields: dict[str, Any]) -> Any:
        return end_organisation(actor(), organisation_id, frozenset({fields["version"]}), now)

    form.submit(VersionSchema(), act)
    if form.failed:
        return _listed(query, form)
    return redirect_to("admin.organisations", query)


def level_of(code: str | None) -> str:
    """Return the level of a current code: provinces have two digits."""
    return "province" if code is not None and len(code) == len("19") else "commune"


def _listed(query: dict[str, Any], form: Form) -> Any:
    listed = list_organisations(LASTING | {"cursor": query["cursor"]})
    return render_section("organisations", query, form, listed=listed, organisations=choices())
