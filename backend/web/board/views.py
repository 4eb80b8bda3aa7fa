"""Pages of organisers and team leaders: campaigns, teams, plans, signals, corrections."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypedDict, cast

from flask import Response, request
from markupsafe import Markup

from backend.accounts.access import require
from backend.accounts.authentication import actor, form_token
from backend.accounts.login_names import format_phone
from backend.campaign_setup.leaders import leaders_of, member_message
from backend.campaign_setup.service import list_drafts
from backend.campaigns.service import OVER, CampaignDetails, own_campaigns, show_campaign
from backend.campaigns.teams import show_team
from backend.clock import local_day, month_end
from backend.coverage.contributions.day_summary import summarise_day
from backend.coverage.contributions.service import all_contributions, contributions
from backend.coverage.figures.month import listing_on
from backend.coverage.figures.public_counts import full_hour
from backend.coverage.plan.done import done_of
from backend.coverage.plan.progress import campaign_progress, home_figures, teams_today
from backend.coverage.plan.service import PlanPlace, show_plan_map
from backend.coverage.plan.service import pin as pin_place
from backend.coverage.plan.service import unpin as unpin_place
from backend.coverage.plan.settings import set_limits
from backend.coverage.signals.evidence import campaign_evidence
from backend.coverage.signals.service import campaign_signals, search_campaign
from backend.errors import Problem, invalid
from backend.http.etags import content_tag, with_content_tag
from backend.http.links import link_root
from backend.http.requests import as_attachment, clock_now
from backend.i18n.catalogues import Language
from backend.i18n.formats import number
from backend.measurements.corrections.service import (
    Choice,
    Decision,
    change_campaign,
    decide,
    list_decisions,
)
from backend.memberships import join_codes
from backend.memberships.poster import content, inline_svg
from backend.organisations.scopes import campaign_scope
from backend.organisations.service import show_organisation
from backend.outreach.service import KINDS_OF_TEAM, enter_for_team, list_of_team
from backend.outreach.service import remove as remove_activity
from backend.reports.action_plan.service import plan_of_campaign
from backend.reports.files.letter import DOCX
from backend.units.search import home_area
from backend.units.service import set_on
from backend.web.board import ending, queue, schemas
from backend.web.board.plan_map import MAX_DRAWN, plan_map
from backend.web.board.service import (
    EVERY_CONTRIBUTION,
    CampaignBoard,
    list_team_members,
    list_teams,
    list_visible_teams,
    show_board,
)
from backend.web.maps.drawing import MapDrawing, area_map
from backend.web.site.blueprint import MAP, READ_WRITE, PageBlueprint
from backend.web.site.charts import bars
from backend.web.site.forms import Form, Preview, confirm, new_form, redirect_to, render_form
from backend.web.site.outreach import (
    OutreachForm,
    OutreachQuery,
    OutreachQuerySchema,
    submit_activity,
)
from backend.web.site.pages import render_part, render_private, translator_for
from backend.web.site.schemas import LangQuery, ListQuery, ListQuerySchema
from backend.web.site.tables import ROWS_SHOWN, list_page
from backend.web.site.unit_fields import format_units, picker_area, read_unit, unit_limit

bp = PageBlueprint("board", __name__, login_required=True, url_prefix="/campaigns")
blueprints = (bp, ending.bp)
# Decisions that are listed, page by page; the API lists all.
MAX_CORRECTIONS = 10_000


@bp.page("", ListQuerySchema)
def index(query: ListQuery) -> Response:
    """List the campaigns that the person organises or leads a team in."""
    campaigns = own_campaigns(actor())
    may_add = any(grant.role in ("organiser", "admin") for grant in actor().grants)
    values = {
        "campaigns": list_page(campaigns, query["page"]),
        "may_add": may_add,
        "drafts": list_drafts(actor()),
    }
    return render_private("web/board/index.html", query["lang"], **values)


@bp.page("/<int:campaign_id>", schemas.TodayQuerySchema)
def campaign(query: schemas.TodayQuery, campaign_id: int) -> Response:
    """Show the day of a campaign: its goal, active and silent teams; of a closed one its end."""
    now = clock_now()
    board = show_board(actor(), campaign_id, now)
    if board.campaign["state"] in OVER:
        return ending.show_ending(query, board)
    part = _render_figures(query, board)
    values: dict[str, Any] = {
        "board": board,
        "query": query,
        "part": part,
        "codes": [],
        "qr_of": draw_code,
    }
    if board.organises:
        progress = campaign_progress(actor(), campaign_id, query["network"], now)
        values |= {"progress": progress, "ground": _ground(progress["month"], progress["area"])}
    else:
        teams = list_visible_teams(actor(), campaign_id, now)
        values["codes"] = list(filter(None, (_code(campaign_id, team.id) for team in teams)))
    tag = f'W/"{content_tag(part.encode())}"'
    return render_private("web/board/campaign.html", query["lang"], **values, known_as=tag)


def _ground(month: str, area: Sequence[PlanPlace]) -> MapDrawing | None:
    """Draw the communes of a campaign, if they are few enough to be seen."""
    day = month_end(month)
    active = set_on(day)
    if active is None or not 0 < len(area) <= MAX_DRAWN:
        return None
    names = {province.code: province.name for province in listing_on(day).levels["province"]}
    return area_map(active, area, names)


@bp.page("/<int:campaign_id>/figures", schemas.BoardQuerySchema)
def figures(query: schemas.BoardQuery, campaign_id: int) -> Response:
    """Send the figures of the page for updates of an open page; 304 if unchanged."""
    part = _render_figures(query, show_board(actor(), campaign_id, clock_now()))
    return with_content_tag(Response(part, mimetype="text/html"))


def _filters(query: schemas.BoardQuery) -> dict[str, str]:
    """Return the month and network that are chosen, as filters of contributions."""
    filters = {"month": query["month"], "network": query["network"]}
    return {name: value for name, value in filters.items() if value}


@bp.page("/<int:campaign_id>/teams", schemas.TeamsQuerySchema)
def teams(query: schemas.TeamsQuery, campaign_id: int) -> Response:
    """List the teams of a campaign with their figures, or what each commune or day has."""
    now, user, language = clock_now(), actor(), translator_for(query["lang"]).language
    board, by = show_board(user, campaign_id, now), query["by"]
    values: dict[str, Any] = {
        "board": board,
        "query": query,
        "filters": _filters(query) | {"by": by},
    }
    values |= _choices(board, now, language)
    answer: Mapping[str, Any]
    if by == "team":
        answer = table = list_teams(user, campaign_id, _filters(query), now, language)
        listed = list_page(table["items"], query["page"])
        ids = [int(row["id"]) for row in listed.rows if row["own"]]
        leaders = leaders_of(ids, now) if board.organises else []
        coded = join_codes.coded_teams(campaign_id)
        values |= {"listed": listed, "leaders": leaders, "coded": coded}
    else:
        wanted = {"by": by, "limit": ROWS_SHOWN, "cursor": query["cursor"]}
        wanted = {name: wanted[name] for name in wanted if wanted[name]}
        wanted = EVERY_CONTRIBUTION.load(_filters(query) | wanted)
        answer = contributions(user, campaign_id, wanted, language, now)
        days = [(row["name"][-2:].lstrip("0"), row["counted"], number(row["counted"], language))
                for row in answer["items"]] if by == "day" else []  # fmt: skip
        values["drawn"] = bars(days) if days else None
    return render_private("web/board/teams.html", query["lang"], **values, answer=answer)


class GroupChoices(TypedDict):
    """What contributions can be grouped by, and the networks between which there is a choice."""

    groups: list[str]
    networks: list[str]


def _choices(board: CampaignBoard, now: datetime, language: Language) -> GroupChoices:
    """Return the groups and networks between which there is a choice.

    Members are listed on the pages of their teams.
    """
    user, campaign_id, networks = actor(), board.campaign["id"], board.campaign["networks"]
    teams = list_visible_teams(user, campaign_id, now)
    groups = ["team", "unit", "day"]
    if len({team.organisation_id for team in teams}) > 1:
        groups.append("organisation")
    measured = [
        network
        for network in (networks if len(networks) > 1 else ())
        if all_contributions(user, campaign_id, language, {"by": "day", "network": network}, now)[
            "items"
        ]
    ]
    return {"groups": groups, "networks": measured}


@bp.page("/<int:campaign_id>/teams/<int:team_id>")
def team(query: LangQuery, campaign_id: int, team_id: int) -> Response:
    """Show the members of a team, their contributions and the join code."""
    now, user = clock_now(), actor()
    board, part = _render_members(query, campaign_id, team_id)
    code, shown = _code(campaign_id, team_id), show_team(user, team_id)
    return render_private(
        "web/board/team.html",
        query["lang"],
        board=board,
        team=shown,
        home=home_figures(shown["home_unit"], team_id, board.campaign["networks"][0], now),
        code=code,
        qr_of=draw_code,
        invitation=_invitation(board, code) if code else None,
        leaders=leaders_of([team_id], now) if board.organises else [],
        part=part,
        known_as=f'W/"{content_tag(part.encode())}"',
    )


@bp.page("/<int:campaign_id>/teams/<int:team_id>/outreach", OutreachQuerySchema, methods=READ_WRITE)
def outreach(query: OutreachQuery, campaign_id: int, team_id: int) -> Response:
    """List the outreach activities of a team; enter one, or change one."""
    form, user, now = new_form(query), actor(), clock_now()
    listed = list_of_team(user, campaign_id, team_id, query["month"], now)
    board, team = show_board(user, campaign_id, now), show_team(user, team_id)
    edited = request.form.get("id", query["id"], type=int)
    saved = submit_activity(
        form,
        listed["items"],
        edited,
        lambda data: enter_for_team(user, campaign_id, team_id, data, now),
        now,
        partial(_commune_of_activity, board.campaign),
    )
    path = {"campaign_id": campaign_id, "team_id": team_id}
    if saved:
        return redirect_to("board.outreach", query, month=f"{saved['day']:%Y-%m}", **path)
    last_day = min(local_day(now), month_end(listed["month"]), board.campaign["last_day"])
    if not form.failed:
        places = {one["id"]: one["unit"] for one in listed["items"]}
        place = places.get(edited or 0) or team["home_unit"]
        named = {"unit": format_units([place]) if place else ""}
        form.values = {**(form.stored or {"day": last_day}), **named}
    values = {"board": board, "team": team, "outreach": listed, "last_day": last_day}
    values |= {"listed": list_page(listed["items"], query["page"]), "kinds": KINDS_OF_TEAM}
    values["last_month"] = f"{local_day(now):%Y-%m}"
    return render_form("web/board/outreach.html", query, form, **values)


def _commune_of_activity(campaign: CampaignDetails, data: OutreachForm) -> str | None:
    """Return the code of a commune that is named in words; None: the home of the team."""
    day = data["day"] or local_day(clock_now())
    unit = read_unit(data, "unit", day, level="commune", home=_home_of(campaign, day))
    return unit.code if unit else None


@bp.page("/<int:campaign_id>/teams/<int:team_id>/outreach/<int:entry_id>/remove", methods=("POST",))
def outreach_remove(query: LangQuery, campaign_id: int, team_id: int, entry_id: int) -> Response:
    """Remove an outreach activity."""
    remove_activity(actor(), entry_id, frozenset({request.form.get("version", "")}))
    path = {"campaign_id": campaign_id, "team_id": team_id}
    return redirect_to("board.outreach", query, month=request.form.get("month"), **path)


@bp.page("/<int:campaign_id>/teams/<int:team_id>/members")
def members(query: LangQuery, campaign_id: int, team_id: int) -> Response:
    """Send the members and figures of a team for updates of an open page; 304 if unchanged."""
    _, part = _render_members(query, campaign_id, team_id)
    return with_content_tag(Response(part, mimetype="text/html"))


def _render_members(
    query: LangQuery, campaign_id: int, team_id: int
) -> tuple[CampaignBoard, Markup]:
    """Return the board of a campaign, and the HTML of a team's figures and members."""
    now, language = clock_now(), translator_for(query["lang"]).language
    board = show_board(actor(), campaign_id, now)
    members = list_team_members(actor(), campaign_id, team_id, now, language)
    values = {"board": board, "team_id": team_id, "did": members, "csrf": form_token()}
    return board, render_part("web/board/members.html", query["lang"], **values)


def draw_code(code: join_codes.CodeDetails) -> Markup:
    """Draw the QR code of a join code."""
    return Markup(inline_svg(content(link_root(strict=False), code["code"])))  # noqa: S704 # our own


def _invitation(board: CampaignBoard, code: join_codes.CodeDetails) -> str:
    """Return the message to a team's members."""
    campaign = board.campaign
    organisation = show_organisation(campaign["organisation_id"])
    days = campaign["first_day"], campaign["last_day"]
    link = content(link_root(strict=False), code["code"])
    call = format_phone(organisation["telephone"])
    return member_message(code["team"]["name"], campaign["name"], days, link, code["code"], call)


@bp.page("/<int:campaign_id>/plan", schemas.PlanPageQuerySchema, policy=MAP)
def plan(query: schemas.PlanPageQuery, campaign_id: int) -> Response:
    """Show where each team should go on a day."""
    form = new_form(query)
    form.values = {"unit": query["unit"], "team_id": None, "samples": None}
    return render_plan("web/board/plan.html", query, campaign_id, form=form)


@bp.page("/<int:campaign_id>/plan/slips", schemas.PlanPageQuerySchema)
def slips(query: schemas.PlanPageQuery, campaign_id: int) -> Response:
    """Render printable slips of the teams with a destination: two on an A4 page."""
    return render_plan("web/board/slips.html", query, campaign_id)


@bp.page("/<int:campaign_id>/plan/action-plan.docx", schemas.PlanPageQuerySchema)
def action_plan(query: schemas.PlanPageQuery, campaign_id: int) -> Response:
    """Download the plan of action of a campaign as a Word file."""
    now = clock_now()
    made = plan_of_campaign(actor(), campaign_id, query["date"], query["network"], now)
    return as_attachment(made.render(), DOCX, made.name, stored=False)


def render_plan(
    template: str, query: schemas.PlanPageQuery, campaign_id: int, **forms: Form | None
) -> Response:
    """Render a page of the plan of a day, with submitted forms (`form`, `limits_form`)."""
    now = clock_now()
    board, plan, refused = show_board(actor(), campaign_id, now), None, None
    try:
        plan = show_plan_map(actor(), campaign_id, query, now)
    except Problem as problem:
        if problem.status in (401, 403, 404):
            raise
        refused = problem.errors[0].code if problem.errors else problem.code
    qr = Markup(inline_svg(f"{link_root(strict=False)}do"))  # noqa: S704 # drawn by a library
    values = {"board": board, "query": query, "plan": plan, "refused": refused, "map": None}
    if plan:
        names = {
            province.code: province.name for province in listing_on(plan["date"]).levels["province"]
        }
        values["map"] = plan_map(set_on(plan["date"]), plan, names)
        # Teams with a stop first; the number of a team is that of its marks on the map.
        numbered = list(enumerate(plan["teams"], 1))
        numbered.sort(key=lambda pair: not pair[1]["items"])
        values["listed"] = list_page(numbered, query.get("page", 1))
    if plan and not board.organises and plan["date"] == board.today:
        values["hour"] = full_hour(now)
        values["done"] = {
            team["id"]: done_of(team["items"], campaign_id, team["id"], plan["network"], now)
            for team in plan["teams"]
        }
    if plan and board.organises:
        values["area"] = picker_area(plan["date"], _home_of(board.campaign, plan["date"]))
    return render_private(template, query["lang"], **values, **forms, qr=qr)


def _render_figures(query: LangQuery, board: CampaignBoard) -> Markup:
    """Return the HTML of the part that an open page updates."""
    now, language = clock_now(), translator_for(query["lang"]).language
    campaign_id = board.campaign["id"]
    last = min(local_day(now), board.campaign["last_day"])
    latest, lines = summarise_day(actor(), campaign_id, {"day": last}, now)
    values = teams_today(actor(), campaign_id, now, language)
    values |= {"board": board, "latest": latest, "lines": lines}
    return render_part("web/board/figures.html", query["lang"], **values)


def _code(campaign_id: int, team_id: int) -> join_codes.CodeDetails | None:
    """Return the team's join code in this campaign, if any."""
    try:
        return join_codes.show_code(actor(), campaign_id, team_id, clock_now())
    except Problem as problem:
        if problem.status != 404:
            raise
        return None


@bp.page("/<int:campaign_id>/settings", methods=READ_WRITE)
def settings(query: LangQuery, campaign_id: int) -> Response:
    """Change a campaign, after a preview of the moved samples."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    require(user, "campaign.edit", campaign_scope(campaign_id))
    stored: dict[str, Any] = {**board.campaign, "areas": format_units(board.campaign["areas"])}
    form.stored = stored
    if request.method != "POST":
        form.values = stored
    limit = unit_limit(user, board.campaign["organisation_id"])
    lists = ("networks", "areas_choice")
    fields: schemas.CampaignForm | None = None
    if request.method == "POST":
        fields = form.load(schemas.CampaignFormSchema(), lists)

    def change(preview: bool) -> Mapping[str, Any]:
        assert fields is not None
        expected = frozenset({request.form.get("version", "")})
        changes = schemas.campaign_request(fields, limit)
        return change_campaign(user, campaign_id, expected, changes, preview=preview)

    moved = confirm(form, change, fields) if fields else None
    if moved and not isinstance(moved, Preview):
        return redirect_to("board.settings", query, campaign_id=campaign_id)
    names = {team.id: team.name for team in list_visible_teams(user, campaign_id, clock_now())}
    values = {"board": board, "form": form, "moved": moved, "names": names}
    values["area"] = picker_area(local_day(clock_now()), limit)
    return render_private("web/board/settings.html", query["lang"], **values)


@bp.page("/<int:campaign_id>/teams/<int:team_id>/code", methods=("POST",))
def rotate(query: LangQuery, campaign_id: int, team_id: int) -> Response:
    """Create the join code of a team, or replace it once that is confirmed."""
    if _code(campaign_id, team_id) and request.form.get("sure") != "yes":
        return redirect_to("board.team", query, campaign_id=campaign_id, team_id=team_id)
    join_codes.rotate_code(actor(), campaign_id, team_id, clock_now())
    return redirect_to("board.team", query, campaign_id=campaign_id, team_id=team_id)


@bp.page("/<int:campaign_id>/plan/pins", methods=("POST",), policy=MAP)
def pin(query: LangQuery, campaign_id: int) -> Response:
    """Pin a destination for a team."""
    form = new_form(query)
    fields: schemas.PinForm | None = form.load(schemas.PinFormSchema())
    if fields is None:
        return render_plan("web/board/plan.html", _plan_query(query), campaign_id, form=form)
    if form.attempt(lambda: _pin_named(campaign_id, fields)):
        day, network = form.values.get("date"), form.values.get("network")
        return redirect_to("board.plan", query, campaign_id=campaign_id, date=day, network=network)
    shown = _plan_query(query, fields["date"], fields["network"])
    return render_plan("web/board/plan.html", shown, campaign_id, form=form)


def _plan_query(
    query: LangQuery, day: date | None = None, network: str | None = None
) -> schemas.PlanPageQuery:
    """Return the query of the page that shows the plan again after a form with errors."""
    shown = {"date": day, "network": network, "team_id": None, "page": 1, "unit": None}
    return cast(schemas.PlanPageQuery, {**query, **shown})


def _pin_named(campaign_id: int, fields: schemas.PinForm) -> bool:
    """Pin a commune that is named in words; return True."""
    home = _home_of(show_campaign(actor(), campaign_id), fields["date"])
    unit = read_unit(fields, "unit", fields["date"], level="commune", home=home)
    wanted = {
        "team_id": fields["team_id"],
        "date": fields["date"],
        "network": fields["network"],
        "samples": fields["samples"],
        "unit": unit.code if unit else "",
    }
    pin_place(actor(), campaign_id, wanted, clock_now())
    return True


def _home_of(campaign: CampaignDetails, day: date) -> int | None:
    """Return a unit in whose province communes of a campaign are named: that of its area."""
    provinces = {home_area(unit["id"], day) for unit in campaign["areas"]}
    return provinces.pop() if len(provinces) == 1 else None


@bp.page("/<int:campaign_id>/plan/unpin", methods=("POST",))
def unpin(query: LangQuery, campaign_id: int) -> Response:
    """Remove a pin."""
    form = new_form(query)
    fields: schemas.UnpinForm | None = form.load(schemas.UnpinFormSchema())
    if fields is None:
        raise Problem(422, "invalid")
    unpin_place(actor(), campaign_id, fields, clock_now())
    day, network = form.values.get("date"), form.values.get("network")
    return redirect_to("board.plan", query, campaign_id=campaign_id, date=day, network=network)


@bp.page("/<int:campaign_id>/plan/limits", methods=("POST",), policy=MAP)
def set_plan_limits(query: LangQuery, campaign_id: int) -> Response:
    """Set the limits of the campaign's plans."""
    form = new_form(query)
    fields: schemas.LimitsForm | None = form.load(schemas.LimitsFormSchema())
    if fields is None:
        return render_plan("web/board/plan.html", _plan_query(query), campaign_id, limits_form=form)
    limits = {
        "radius_km": fields["radius_km"],
        "visit_least": fields["visit_least"],
        "assumed_capacity": fields["assumed_capacity"],
        "community_travels": fields["community_travels"] is not None,
    }
    set_limits(actor(), campaign_id, limits)
    shown = {"date": fields["date"], "network": fields["network"]}
    return redirect_to("board.plan", query, campaign_id=campaign_id, **shown)


@bp.page("/<int:campaign_id>/signals", schemas.SignalsPageQuerySchema, methods=READ_WRITE)
def signals(query: schemas.QueueQuery, campaign_id: int) -> Response:
    """Show the queue of signals with their evidence, and decide on the selected ones."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    context = queue.signal_context(form)
    names = {team.id: team.name for team in list_visible_teams(user, campaign_id, clock_now())}
    place = queue.QueuePlace(
        page="board.signals",
        path={"campaign_id": campaign_id},
        filter="team",
        scope={"campaign_id": campaign_id, "unit_id": None},
        areas=[unit["id"] for unit in board.campaign["areas"]],
        list=lambda wanted: campaign_signals(user, campaign_id, wanted, context),
        find=lambda signal_id: campaign_evidence(user, campaign_id, signal_id, context),
    )
    return queue.show_queue(query, form, place, names, board=board, may_exclude=True)


@bp.page("/<int:campaign_id>/signals/search", schemas.SignalsPageQuerySchema, methods=("POST",))
def signals_search(query: schemas.QueueQuery, campaign_id: int) -> Response:
    """Search a campaign's month for signals again."""
    context = queue.signal_context(new_form(query))
    search_campaign(actor(), campaign_id, query["month"], context)
    kept = {name: query.get(name) for name in ("month", "state", "kind", "team")}
    return redirect_to("board.signals", query, campaign_id=campaign_id, **kept)


@bp.page("/<int:campaign_id>/corrections", schemas.CorrectionsQuerySchema, methods=READ_WRITE)
def corrected(query: schemas.CorrectionsQuery, campaign_id: int) -> Response:
    """Move the samples of a team or member to another team or none, after a preview."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    posted = request.method == "POST"
    fields: schemas.CorrectionForm | None = None
    if posted:
        fields = form.load(schemas.CorrectionFormSchema())
    result = None
    if fields:
        about = {name: value for name, value in fields.items() if name != "reason"}
        result = confirm(form, partial(_correct, board.campaign, fields), about, "reason")
    if result and not isinstance(result, Preview):
        return redirect_to("board.corrected", query, campaign_id=campaign_id)
    chosen: ChosenSamples = {
        "from_team": query["from_team"] or (fields["from_team"] if fields else None),
        "member": query["member"] or (fields["member"] if fields else None),
    }
    teams = list_visible_teams(user, campaign_id, clock_now())
    listed = list_page(list_decisions(user, campaign_id, MAX_CORRECTIONS), query["page"])
    values = {"board": board, "form": form, "preview": result, "teams": teams, "listed": listed}
    values |= {"chosen": chosen, "member": None, "sample_days": []}
    if chosen["from_team"]:
        values |= _samples_of(campaign_id, chosen, form.language)
    return render_private("web/board/corrections.html", query["lang"], **values)


class ChosenSamples(TypedDict):
    """Whose samples move."""

    from_team: int | None
    member: int | None  # null: of all members


class SamplesToMove(TypedDict):
    """The samples of a team that can move; rows of contributions."""

    member: Mapping[str, Any] | None  # null: none is chosen, or it has no samples
    sample_days: list[Mapping[str, Any]]


def _samples_of(campaign_id: int, chosen: ChosenSamples, language: Language) -> SamplesToMove:
    """Return the row of the chosen member, and the days on which the team has samples."""
    wanted = {"team": str(chosen["from_team"])}
    members, days = (
        all_contributions(actor(), campaign_id, language, wanted | {"by": by}, clock_now())["items"]
        for by in ("member", "day")
    )
    member = [row for row in members if row["id"] == str(chosen["member"])]
    return {"member": member[0] if member else None, "sample_days": days}


def _correct(
    campaign: CampaignDetails, fields: schemas.CorrectionForm, preview: bool
) -> Mapping[str, Any]:
    """Move samples to a team or none, or those of a decision back; or show the effect."""
    if fields["undo"] is None and fields["from_team"] is None and fields["member"] is None:
        raise invalid("from_team", "required")
    to_team = fields["to_team"] or "none"
    if to_team != "none" and not to_team.isdecimal():
        raise invalid("to_team", "not_whole")
    team_id = None if to_team == "none" else int(to_team)
    choice = Choice(
        team_id=fields["from_team"],
        member=fields["member"],
        first_day=fields["first_day"],
        last_day=fields["last_day"],
    )
    decision = Decision(fields["reason"] or "", team_id, fields["undo"])
    effect = decide(actor(), campaign["id"], choice, decision, preview=preview)
    return queue.with_reports(effect, [unit["id"] for unit in campaign["areas"]])
