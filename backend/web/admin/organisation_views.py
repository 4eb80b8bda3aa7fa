"""Pages of organisations: who runs campaigns and has teams."""

from typing import Any

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.http.requests import clock_now
from backend.organisations.service import create_organisation, end_organisation, list_organisations
from backend.web.admin.frame import back, bp, done, failed, new_form, shown
from backend.web.admin.roles import unit_named
from backend.web.admin.schemas import ROWS, ListQuerySchema, OrganisationFormSchema, VersionSchema
from backend.web.admin.scopes import organisations as choices
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form

LASTING = {"type": None, "parent": None, "q": None, "ended": "false", "limit": ROWS}


@bp.page("/organisations", ListQuerySchema, READ_WRITE)
def organisations(asked: dict[str, Any]) -> Any:
    """List organisations, and add one."""
    form, today = new_form(asked), local_day(clock_now())

    def act(typed: dict[str, Any]) -> Any:
        code = typed.pop("unit_code")
        return create_organisation(
            actor(), typed | {"unit": unit_named(code, level_of(code), today)}
        )

    if done(form, OrganisationFormSchema(), act):
        return back("admin.organisations", asked)
    return _listed(asked, form)


@bp.page("/organisations/<int:organisation_id>/end", ListQuerySchema, ("POST",))
def stop_organisation(asked: dict[str, Any], organisation_id: int) -> Any:
    """End an organisation, or remove it where nothing belongs to it."""
    form, now = new_form(asked), clock_now()

    def act(typed: dict[str, Any]) -> Any:
        return end_organisation(actor(), organisation_id, frozenset({typed["version"]}), now)

    done(form, VersionSchema(), act)
    if failed(form):
        return _listed(asked, form)
    return back("admin.organisations", asked)


def level_of(code: str | None) -> str:
    """The level that a code of today is of: provinces have two digits."""
    return "province" if code is not None and len(code) == len("19") else "commune"


def _listed(asked: dict[str, Any], form: Form) -> Any:
    listed = list_organisations(LASTING | {"cursor": asked["cursor"]})
    return shown("organisations", asked, form, listed=listed, organisations=choices())
