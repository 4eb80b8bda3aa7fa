"""Pages of one's own account: roles, second factor, password, open sessions."""

from typing import Any

from flask import request

from backend.accounts.authentication import actor
from backend.accounts.session_list import end_session, own_sessions
from backend.http.requests import clock_now
from backend.web.site.blueprint import PageBlueprint
from backend.web.site.forms import Form, new_form, redirect_to
from backend.web.site.pages import render_private

bp = PageBlueprint("account_pages", __name__, login_required=True, url_prefix="/account")
blueprints = (bp,)


@bp.page("")
def show_account(query: dict[str, Any]) -> Any:
    """Show the own account, with forms for the second factor, password and name."""
    return render_private("web/account/account.html", query["lang"])


@bp.page("/sessions")
def sessions(query: dict[str, Any]) -> Any:
    """List the person's own open sessions."""
    return _render(query, new_form(query))


@bp.page("/sessions/end", methods=("POST",))
def end_sessions(query: dict[str, Any]) -> Any:
    """End one of the person's own sessions, or all except this one."""
    form = new_form(query)
    form.attempt(lambda: end_session(actor(), None, request.form.get("number")))
    if form.failed:
        return _render(query, form)
    return redirect_to("account_pages.sessions", query)


def _render(query: dict[str, Any], form: Form) -> Any:
    listed = own_sessions(actor(), clock_now())
    response = render_private("web/account/sessions.html", query["lang"], form=form, listed=listed)
    if form.failed:
        response.status_code = 422
    return response
