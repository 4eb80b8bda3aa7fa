"""Pages of roles that ended with their unit: an admin confirms what follows them."""

from typing import Any

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.http.requests import clock_now
from backend.organisations.succession import confirm_successors, list_ended
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.roles import unit_named
from backend.web.admin.schemas import SuccessorsFormSchema
from backend.web.site.forms import new_form, redirect_to


@bp.page("/succession")
def succession(query: dict[str, Any]) -> Any:
    """List roles that ended with their unit, and what is proposed in their place."""
    return render_section("succession", query, items=list_ended(actor(), clock_now())["items"])


@bp.page("/succession/<int:role_id>", methods=("POST",))
def succeed(query: dict[str, Any], role_id: int) -> Any:
    """Confirm over which units a role goes on."""
    form, now = new_form(query), clock_now()

    def act(typed: dict[str, Any]) -> Any:
        units = [unit_named(code, typed["level"], local_day(now)) for code in typed["units"]]
        return confirm_successors(actor(), role_id, {"units": units, "name": typed["name"]}, now)

    if form.submit(SuccessorsFormSchema(), act, lists=["units"]):
        return redirect_to("admin.succession", query)
    return render_section("succession", query, form, items=list_ended(actor(), now)["items"])
