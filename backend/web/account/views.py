"""Pages of one's own account: roles, second factor, password, deputies, sessions, access codes."""

from datetime import date, timedelta
from typing import Any, TypedDict, cast

from flask import Response, request, url_for
from marshmallow import post_load

from backend.accounts import own_account
from backend.accounts.authentication import actor
from backend.accounts.links import end_links_given, links_given
from backend.accounts.login_names import MAX_NAME
from backend.accounts.own_account import MadePersonalToken, NewToken
from backend.accounts.schemas import Label
from backend.accounts.session_list import end_session, own_sessions
from backend.clock import day_begin, local_day
from backend.errors import Problem
from backend.fields import MAX_ID, Day, QueryWhole, Strict, Text
from backend.http.requests import clock_now
from backend.organisations.areas import (
    MAX_DURATION,
    DeputyAnswer,
    DeputyRequest,
    delegate,
    end_deputy,
    list_deputies,
    renew_deputy,
)
from backend.organisations.references import UnitCode, serialize_units
from backend.organisations.schemas import MAX_REASON
from backend.web.account.office_pages import office
from backend.web.desk.area import delegable_areas
from backend.web.site.blueprint import READ_WRITE, PageBlueprint
from backend.web.site.forms import Form, form_errors, new_form, redirect_to, render_form
from backend.web.site.pages import render_private, translator_for
from backend.web.site.schemas import LangQuery
from backend.web.site.sign_in import problem_of_sign_in, provider_name

bp = PageBlueprint("account_pages", __name__, login_required=True, url_prefix="/account")
blueprints = (bp, office)


@bp.page("")
def show_account(query: LangQuery) -> Response:
    """Show the own account, with forms for the second factor, password and name."""
    translator = translator_for(query["lang"])
    refusal, provider = problem_of_sign_in(translator), provider_name(translator)
    linked = "linked" in request.args and provider is not None
    values = {"refusal": refusal, "provider": provider, "linked": linked}
    areas = serialize_units(actor().ids("official", "unit"))
    return render_private("web/account/account.html", query["lang"], areas=areas, **values)


@bp.page("/sessions")
def sessions(query: LangQuery) -> Response:
    """List the person's own open sessions."""
    return _render(query, new_form(query))


@bp.page("/sessions/end", methods=("POST",))
def end_sessions(query: LangQuery) -> Response:
    """End one of the person's own sessions, or all except this one."""
    form = new_form(query)
    form.attempt(lambda: end_session(actor(), None, request.form.get("number")))
    if form.failed:
        return _render(query, form)
    return redirect_to("account_pages.sessions", query)


class DeputyForm(TypedDict):
    """The form of a delegation."""

    name: str
    area: str  # system, level and code
    last_day: date
    reason: str


class DeputyFormSchema(Strict):
    """The form of a delegation: person, area, last day, reason."""

    name = Text(MAX_NAME, required=True)
    area = Text(40, required=True)  # system, level and code
    last_day = Day(required=True)
    reason = Text(MAX_REASON, required=True)

    @post_load
    def as_request(self, data: DeputyForm, **options: Any) -> DeputyRequest:
        """Convert to the request of the API, valid to the end of the last day in Vietnam."""
        named = dict(zip(("system", "level", "code"), data["area"].split("/"), strict=False))
        unit: UnitCode = {
            "system": named["system"],
            "level": named.get("level"),
            "code": named.get("code", ""),
        }
        until = day_begin(data["last_day"] + timedelta(days=1))
        return {
            "name": data["name"],
            "unit": unit,
            "cluster_id": None,
            "valid_to": until,
            "reason": data["reason"],
        }


@bp.page("/deputies", methods=READ_WRITE)
def deputies(query: LangQuery) -> Response:
    """List deputies and unused links for others, and delegate an own area."""
    form, now, user = new_form(query), clock_now(), actor()
    own = delegable_areas(user)
    if request.method == "POST" and not own:
        raise Problem(403, "forbidden")

    def add(fields: DeputyRequest) -> DeputyAnswer:
        with form_errors({"valid_to": "last_day", "unit": "area"}):
            return delegate(user, fields, now)

    if form.submit(DeputyFormSchema(), add):
        return redirect_to("account_pages.deputies", query)
    return render_private(
        "web/account/deputies.html",
        query["lang"],
        form=form,
        deputies=list_deputies(user, now)["items"],
        links=links_given(user, now),
        areas=own,
        user_id=user.user_id,
        latest=local_day(now + MAX_DURATION) - timedelta(days=1),
    )


@bp.page("/deputies/<int:deputy_id>/end", methods=("POST",))
def end(query: LangQuery, deputy_id: int) -> Response:
    """End a delegation now."""
    end_deputy(actor(), deputy_id, clock_now())
    return redirect_to("account_pages.deputies", query)


@bp.page("/deputies/<int:deputy_id>/renew", methods=("POST",))
def renew(query: LangQuery, deputy_id: int) -> Response:
    """Let a deputy continue for 30 days."""
    renew_deputy(actor(), deputy_id, clock_now())
    return redirect_to("account_pages.deputies", query)


@bp.page("/deputies/end", methods=("POST",))
def end_all(query: LangQuery) -> Response:
    """End all that the account gave to other people: its deputies and unused links."""
    user, now = actor(), clock_now()
    for one in list_deputies(user, now)["items"]:
        if one["lent_by"] == user.user_id:
            end_deputy(user, one["id"], now)
    end_links_given(user, now)
    return redirect_to("account_pages.deputies", query)


class _NewCodeSchema(Strict):
    """The form of a token for an office program."""

    name = Label(100, required=True)
    days = QueryWhole(1, own_account.MAX_DAYS, load_default=own_account.DAYS_DEFAULT)


class _EndCodeSchema(Strict):
    """The token that a form ends."""

    number = QueryWhole(1, MAX_ID, required=True)


@bp.page("/tokens", methods=READ_WRITE)
def tokens(query: LangQuery) -> Response:
    """List the person's tokens, and make one for a program such as Excel."""
    form = new_form(query)
    made = form.submit(
        _NewCodeSchema(),
        lambda data: own_account.make_token(
            actor(), cast(NewToken, {**data, "scopes": ["read"]}), clock_now()
        ),
    )
    return _render_tokens(query, form, made)


@bp.page("/tokens/end", methods=("POST",))
def end_token(query: LangQuery) -> Response:
    """End one of the person's tokens."""
    form = new_form(query)
    form.submit(
        _EndCodeSchema(),
        lambda data: own_account.revoke_token(actor(), data["number"], clock_now()),
    )
    return _render_tokens(query, form) if form.failed else redirect_to(f"{bp.name}.tokens", query)


def _render_tokens(query: LangQuery, form: Form, made: MadePersonalToken | None = None) -> Response:
    return render_form(
        "web/account/tokens.html",
        query,
        form,
        made=made,
        listed=own_account.list_tokens(actor(), clock_now()),
        odata=url_for("odata.get_service", _external=True),
        days=(own_account.DAYS_DEFAULT, own_account.MAX_DAYS),
    )


def _render(query: LangQuery, form: Form) -> Response:
    listed = own_sessions(actor(), clock_now())
    return render_form("web/account/sessions.html", query, form, listed=listed)
