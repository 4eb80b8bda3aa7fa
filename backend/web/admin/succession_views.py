"""Pages of roles that ended with their unit: an admin confirms what follows them."""

from typing import Any

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.http.requests import clock_now
from backend.organisations.succession import confirm_successors, list_ended
from backend.web.admin.frame import back, bp, done, new_form, shown
from backend.web.admin.roles import unit_named
from backend.web.admin.schemas import SuccessorsFormSchema


@bp.page("/succession")
def succession(asked: dict[str, Any]) -> Any:
    """List roles that ended with their unit, and what is proposed in their place."""
    return shown("succession", asked, items=list_ended(actor(), clock_now())["items"])


@bp.page("/succession/<int:role_id>", methods=("POST",))
def succeed(asked: dict[str, Any], role_id: int) -> Any:
    """Confirm over which units a role goes on."""
    form, now = new_form(asked), clock_now()

    def act(typed: dict[str, Any]) -> Any:
        units = [unit_named(code, typed["level"], local_day(now)) for code in typed["units"]]
        return confirm_successors(actor(), role_id, {"units": units, "name": typed["name"]}, now)

    if done(form, SuccessorsFormSchema(), act, lists=["units"]):
        return back("admin.succession", asked)
    return shown("succession", asked, form, items=list_ended(actor(), now)["items"])
