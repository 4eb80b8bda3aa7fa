"""Pages of a campaign for its organisers and team leaders."""

from datetime import date
from typing import Any

from flask import Response, current_app, render_template, request
from markupsafe import Markup

from backend.accounts.authentication import actor
from backend.campaigns.service import own_campaigns
from backend.campaigns.teams import show_team
from backend.coverage.contributions.files import as_csv
from backend.coverage.contributions.service import contributions
from backend.coverage.plan.service import show_plan_map
from backend.errors import Problem
from backend.http.etags import content_tag, with_content_tag
from backend.http.requests import as_attachment, clock_now
from backend.memberships.join_codes import show_code
from backend.memberships.poster import inline_svg
from backend.memberships.service import MembersPage, list_members
from backend.units.service import set_on
from backend.web.board.blueprint import bp
from backend.web.board.plan_map import PlanMap, plan_map
from backend.web.board.schemas import (
    BoardQuerySchema,
    ContributedQuerySchema,
    MembersQuerySchema,
    PlanPageQuerySchema,
)
from backend.web.board.service import (
    EVERY_CONTRIBUTION,
    CampaignBoard,
    list_visible_teams,
    month_overview,
    show_board,
)
from backend.web.site.content_security_policy import MAP
from backend.web.site.forms import Form
from backend.web.site.pages import render_private, translator_for

# Members on one page.
MEMBERS_SHOWN = 100


@bp.page("")
def index(query: dict[str, Any]) -> Response:
    """List the campaigns that the person organises or leads a team in."""
    campaigns = own_campaigns(actor())
    may_add = any(grant.role in ("organiser", "admin") for grant in actor().grants)
    return render_private(
        "web/board/index.html", query["lang"], campaigns=campaigns, may_add=may_add
    )


@bp.page("/<int:campaign_id>", BoardQuerySchema)
def campaign(query: dict[str, Any], campaign_id: int) -> Response:
    """Show the progress of a campaign."""
    board, part = _render_figures(query, campaign_id)
    values = {"board": board, "query": query, "part": Markup(part)}  # noqa: S704 # own template
    tag = f'W/"{content_tag(part.encode())}"'
    return render_private("web/board/campaign.html", query["lang"], **values, known_as=tag)


@bp.page("/<int:campaign_id>/figures", BoardQuerySchema)
def figures(query: dict[str, Any], campaign_id: int) -> Response:
    """Send the figures of the page for updates of an open page; 304 if unchanged."""
    _, part = _render_figures(query, campaign_id)
    return with_content_tag(Response(part, content_type="text/html; charset=utf-8"))


@bp.page("/<int:campaign_id>/contributions", ContributedQuerySchema)
def contributed(query: dict[str, Any], campaign_id: int) -> Response:
    """Show what each team, person, commune, day or organisation contributed."""
    board = show_board(actor(), campaign_id, clock_now())
    filters = {name: query[name] for name in ("by", "month", "network") if query[name]}
    parameters = filters | ({"cursor": query["cursor"]} if query["cursor"] else {})
    translator = translator_for(query["lang"])
    answer = contributions(
        actor(), campaign_id, EVERY_CONTRIBUTION.load(parameters), translator.language
    )
    rows = [one | {"day": date.fromisoformat(one["id"])} if query["by"] == "day" else one
            for one in answer["items"]]  # fmt: skip
    values = {"board": board, "query": query, "answer": answer, "rows": rows, "filters": filters}
    return render_private("web/board/contributions.html", query["lang"], **values)


@bp.page("/<int:campaign_id>/contributions.csv", ContributedQuerySchema)
def contributed_table(query: dict[str, Any], campaign_id: int) -> Response:
    """Download all contributions, with column titles in the language of the page."""
    filters = {name: query[name] for name in ("by", "month", "network") if query[name]}
    language = translator_for(query["lang"]).language
    filters = EVERY_CONTRIBUTION.load(filters | {"format": "csv"})
    answer = contributions(actor(), campaign_id, filters, language)
    content = as_csv(answer, language, for_people=True)
    name = f"contributions-{campaign_id}-{query['by']}.csv"
    return as_attachment(content, "text/csv; charset=utf-8", name)


@bp.page("/<int:campaign_id>/teams")
def teams(query: dict[str, Any], campaign_id: int) -> Response:
    """List the teams of a campaign."""
    now = clock_now()
    board = show_board(actor(), campaign_id, now)
    visible = list_visible_teams(actor(), campaign_id, now)
    return render_private("web/board/teams.html", query["lang"], board=board, teams=visible)


@bp.page("/<int:campaign_id>/teams/<int:team_id>", MembersQuerySchema)
def team(query: dict[str, Any], campaign_id: int, team_id: int) -> Response:
    """Show the members of a team, their contributions and the join code."""
    now, user = clock_now(), actor()
    board = show_board(user, campaign_id, now)
    page = MembersPage(campaign_id, query["after"], MEMBERS_SHOWN)
    people, next_cursor = list_members(user, team_id, page, now)
    filters = EVERY_CONTRIBUTION.load({"by": "member", "team": str(team_id)})
    return render_private(
        "web/board/team.html",
        query["lang"],
        board=board,
        team=show_team(user, team_id),
        code=_code(campaign_id, team_id),
        people=people,
        next_cursor=next_cursor,
        did=contributions(user, campaign_id, filters, translator_for(query["lang"]).language),
    )


@bp.page("/<int:campaign_id>/plan", PlanPageQuerySchema, policy=MAP)
def plan(query: dict[str, Any], campaign_id: int) -> Response:
    """Show where each team should go on a day."""
    return render_plan("web/board/plan.html", query, campaign_id)


@bp.page("/<int:campaign_id>/plan/slips", PlanPageQuerySchema)
def slips(query: dict[str, Any], campaign_id: int) -> Response:
    """Render printable slips of the teams with a destination: two on an A4 page."""
    return render_plan("web/board/slips.html", query, campaign_id)


def render_plan(
    template: str, query: dict[str, Any], campaign_id: int, form: Form | None = None
) -> Response:
    """Render a page of the plan of a day, with the submitted form if it has errors."""
    now = clock_now()
    board, plan, refused = show_board(actor(), campaign_id, now), None, None
    try:
        plan = show_plan_map(actor(), campaign_id, query, now)
    except Problem as problem:
        if problem.status in (401, 403, 404):
            raise
        refused = problem.errors[0].code if problem.errors else problem.code
    qr = Markup(inline_svg(f"{request.url_root}do"))  # noqa: S704 # drawn by a library
    values = {"board": board, "query": query, "plan": plan, "refused": refused, "map": _map(plan)}
    return render_private(template, query["lang"], **values, qr=qr, form=form)


def _map(plan: dict[str, Any] | None) -> PlanMap | None:
    if plan is None:
        return None
    return plan_map(current_app.config["VAR_DIR"] / "tiles", set_on(plan["date"]), plan)


def _render_figures(query: dict[str, Any], campaign_id: int) -> tuple[CampaignBoard, str]:
    """Return the board of a campaign, and the HTML of the part that an open page updates."""
    now, translator = clock_now(), translator_for(query["lang"])
    board = show_board(actor(), campaign_id, now)
    values = month_overview(actor(), campaign_id, query, now, translator.language)
    return board, render_template(
        "web/board/figures.html", **translator.template_values(), **values, board=board, query=query
    )


def _code(campaign_id: int, team_id: int) -> Any:
    """Return the team's join code in this campaign, if any."""
    try:
        return show_code(actor(), campaign_id, team_id, clock_now())
    except Problem as problem:
        if problem.status != 404:
            raise
        return None
