"""Pages on which organisers change a campaign."""

from functools import partial
from typing import Any

from flask import Response, current_app, request

from backend.accounts.access import require
from backend.accounts.authentication import actor
from backend.campaigns import service as campaigns
from backend.coverage.plan.pins import pin as pin_place
from backend.coverage.plan.pins import unpin as unpin_place
from backend.coverage.plan.schemas import UnpinQuerySchema
from backend.coverage.signals.schemas import CampaignSignalsQuerySchema
from backend.coverage.signals.service import STATES, SignalContext, campaign_signals, decide_signal
from backend.errors import Problem, invalid
from backend.http.requests import clock_now
from backend.measurements.corrections.service import (
    Choice,
    Decision,
    change_campaign,
    decide,
    list_decisions,
)
from backend.memberships import join_codes
from backend.organisations.scopes import campaign_scope, organisation_scope
from backend.organisations.service import organisations_of
from backend.team_import.service import import_teams
from backend.web.board.blueprint import bp
from backend.web.board.campaign_views import render_plan
from backend.web.board.schemas import (
    CampaignFormSchema,
    CorrectionFormSchema,
    MonthQuerySchema,
    NewCampaignFormSchema,
    PinFormSchema,
    SignalFormSchema,
    campaign_request,
    format_areas,
)
from backend.web.board.service import list_visible_teams, show_board
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.content_security_policy import MAP
from backend.web.site.forms import Form, new_form, redirect_to, uploaded_file
from backend.web.site.pages import render_private

# Corrections on the page; the API lists all.
CORRECTIONS_SHOWN = 50


@bp.page("/new", methods=READ_WRITE)
def add(query: dict[str, Any]) -> Response:
    """Create a campaign, as a draft or open."""
    form, user = new_form(query), actor()
    organisations = organisations_of(user)
    if not organisations:
        raise Problem(403, "forbidden")
    campaign = form.submit(
        NewCampaignFormSchema(),
        lambda fields: campaigns.create_campaign(user, campaign_request(fields)),
        lists=("networks",),
    )
    if campaign:
        return redirect_to("board.teams", query, campaign_id=campaign["id"])
    return render_private(
        "web/board/new.html", query["lang"], form=form, organisations=organisations
    )


@bp.page("/<int:campaign_id>/settings", methods=READ_WRITE)
def settings(query: dict[str, Any], campaign_id: int) -> Response:
    """Change a campaign, after a preview of the moved samples."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    require(user, "campaign.edit", campaign_scope(campaign_id))
    if request.method != "POST":
        form.values = board.campaign | {"areas": format_areas(board.campaign["areas"])}
    preview = request.form.get("go") != "yes"

    def change(fields: dict[str, Any]) -> Any:
        expected, changes = frozenset({request.form.get("version", "")}), campaign_request(fields)
        return change_campaign(user, campaign_id, expected, changes, preview=preview)

    moved = form.submit(CampaignFormSchema(), change, lists=("networks",))
    if moved and not preview:
        return redirect_to("board.settings", query, campaign_id=campaign_id)
    names = {team.id: team.name for team in list_visible_teams(user, campaign_id, clock_now())}
    values = {"board": board, "form": form, "moved": moved, "names": names}
    return render_private("web/board/settings.html", query["lang"], **values)


@bp.page("/<int:campaign_id>/teams/<int:team_id>/code", methods=("POST",))
def rotate(query: dict[str, Any], campaign_id: int, team_id: int) -> Response:
    """Create or replace the join code of a team."""
    join_codes.rotate_code(actor(), campaign_id, team_id, join_codes.CodeLimits(), clock_now())
    return redirect_to("board.team", query, campaign_id=campaign_id, team_id=team_id)


@bp.page("/<int:campaign_id>/plan/pins", methods=("POST",), policy=MAP)
def pin(query: dict[str, Any], campaign_id: int) -> Response:
    """Pin a destination for a team."""
    form = new_form(query)
    fields = form.load(PinFormSchema())
    pinned = fields and form.attempt(lambda: pin_place(actor(), campaign_id, fields, clock_now()))
    day, network = form.values.get("date"), form.values.get("network")
    if pinned:
        return redirect_to("board.plan", query, campaign_id=campaign_id, date=day, network=network)
    return render_plan("web/board/plan.html", query | _plan_query(fields), campaign_id, form=form)


@bp.page("/<int:campaign_id>/plan/unpin", methods=("POST",))
def unpin(query: dict[str, Any], campaign_id: int) -> Response:
    """Remove a pin."""
    form = new_form(query)
    fields = form.load(UnpinQuerySchema())
    if fields is None:
        raise Problem(422, "invalid")
    unpin_place(actor(), campaign_id, fields, clock_now())
    day, network = form.values.get("date"), form.values.get("network")
    return redirect_to("board.plan", query, campaign_id=campaign_id, date=day, network=network)


def _plan_query(fields: dict[str, Any] | None) -> dict[str, Any]:
    values = fields or {}
    return {name: values.get(name) for name in ("date", "network")} | {"team_id": None}


@bp.page("/<int:campaign_id>/signals", MonthQuerySchema, methods=READ_WRITE)
def signals(query: dict[str, Any], campaign_id: int) -> Response:
    """Show signals of gaming with their evidence, and record decisions."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    context = SignalContext(clock_now(), current_app.config["SECRET_KEY"], form.language)
    if form.submit(
        SignalFormSchema(),
        lambda decision: decide_signal(user, decision["signal_id"], decision, context),
    ):
        return redirect_to("board.signals", query, campaign_id=campaign_id, month=query["month"])
    filters = CampaignSignalsQuerySchema().load({"month": query["month"]} if query["month"] else {})
    signals = campaign_signals(user, campaign_id, filters, context)
    names = {team.id: team.name for team in list_visible_teams(user, campaign_id, clock_now())}
    values = {"board": board, "form": form, "signals": signals, "names": names, "states": STATES}
    return render_private("web/board/signals.html", query["lang"], query=query, **values)


@bp.page("/<int:campaign_id>/corrections", methods=READ_WRITE)
def corrected(query: dict[str, Any], campaign_id: int) -> Response:
    """Reattribute samples to another team or none, after a preview."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    result = form.submit(CorrectionFormSchema(), lambda fields: _correct(campaign_id, fields))
    if result and not result["preview"]:
        return redirect_to("board.corrected", query, campaign_id=campaign_id)
    teams = list_visible_teams(user, campaign_id, clock_now())
    listed = list_decisions(user, campaign_id, CORRECTIONS_SHOWN)
    values = {"board": board, "form": form, "result": result, "teams": teams, "listed": listed}
    return render_private("web/board/corrections.html", query["lang"], **values)


def _correct(campaign_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    if fields["from_team"] is None and fields["member"] is None:
        raise invalid("from_team", "required")
    if fields["to_team"] != "none" and not fields["to_team"].isdecimal():
        raise invalid("to_team", "not_whole")
    to_team = None if fields["to_team"] == "none" else int(fields["to_team"])
    chosen = {name: fields[name] for name in ("member", "first_day", "last_day")}
    choice = Choice(team_id=fields["from_team"], **chosen)
    decision = Decision(fields["reason"], team_id=to_team)
    return decide(actor(), campaign_id, choice, decision, preview=fields["go"] is None)


@bp.page("/<int:campaign_id>/teams/import", methods=READ_WRITE)
def imported(query: dict[str, Any], campaign_id: int) -> Response:
    """Import a list of teams, after a preview of each row."""
    form, result = new_form(query), None
    board = show_board(actor(), campaign_id, clock_now())
    require(actor(), "team.edit", organisation_scope(board.campaign["organisation_id"]))
    if request.method == "POST":
        form.values = {"file": None}
        organisation, go = board.campaign["organisation_id"], request.form.get("go") == "yes"
        result = form.attempt(lambda: _import(organisation, form, go=go))
        if result and not result["dry_run"]:
            return redirect_to("board.teams", query, campaign_id=campaign_id)
    return render_private(
        "web/board/import.html", query["lang"], board=board, form=form, result=result
    )


def _import(organisation_id: int, form: Form, *, go: bool) -> dict[str, Any]:
    """Import a file or preview it; a file with an error is only previewed."""
    content = uploaded_file().read()
    run = partial(
        import_teams,
        actor(),
        organisation_id,
        lambda: content,
        now=clock_now(),
        language=form.language,
    )
    preview = run(dry_run=True)
    return run(dry_run=False) if go and not preview["totals"]["error"] else preview
