"""Pages that set up campaigns: drafts in two steps, teams, leaders' invitations, posters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import Response, jsonify, request

from backend.accounts.access import require, require_recent
from backend.accounts.authentication import actor
from backend.campaign_setup import leaders as invitations
from backend.campaign_setup import logos
from backend.campaign_setup import service as drafts
from backend.campaign_setup.models import CampaignDraft
from backend.campaign_setup.team_import import TeamListEffect, import_teams
from backend.campaign_setup.team_lines import MAX_LIST, as_text, read_file
from backend.campaign_setup.team_template import template
from backend.campaigns.service import CampaignCreate
from backend.campaigns.teams import TeamChanges, TeamDetails, change_team, end_team, show_team
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import Problem, invalid, or_404
from backend.fields import MAX_BIG_ID
from backend.http.links import link_root
from backend.http.requests import as_attachment, clock_now
from backend.measurements.corrections.removals import remove_member, restore_member
from backend.memberships.join_codes import coded_teams as coded_team_ids
from backend.memberships.join_codes import create_codes, remove_team
from backend.memberships.poster import inline_svg
from backend.organisations.grants import end_role
from backend.organisations.scopes import (
    campaign_scope,
    organisation_scope,
    requested_organisation_scope,
    team_scope,
)
from backend.organisations.service import organisations_of, set_telephone
from backend.tables.spreadsheets import XLSX
from backend.units.index import unit_index
from backend.web.board.schemas import parse_areas
from backend.web.board.service import CampaignBoard, list_visible_teams, show_board
from backend.web.setup import schemas, service
from backend.web.site.blueprint import READ_WRITE, PageBlueprint
from backend.web.site.forms import (
    Form,
    form_errors,
    new_form,
    redirect_to,
    render_form,
    submitted_fields,
    uploaded_content,
)
from backend.web.site.pages import render_private
from backend.web.site.schemas import LangQuery, ListQuery, ListQuerySchema
from backend.web.site.tables import list_page
from backend.web.site.unit_fields import picker_area, read_unit, unit_limit, unit_reference

bp = PageBlueprint("setup", __name__, login_required=True, url_prefix="/campaigns")
blueprints = (bp,)
T = TypeVar("T")
DRAFT_LISTS = ("networks", "former")
MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}


@bp.page({"/new": {"draft_id": None}, "/drafts/<int:draft_id>": {}}, methods=READ_WRITE)
def details(query: LangQuery, draft_id: int | None) -> Response:
    """Begin a campaign, or change the first step of its draft: name, days, area and networks."""
    form, user, now = new_form(query), actor(), clock_now()
    organisations = organisations_of(user)
    if not organisations:
        raise Problem(403, "forbidden")
    draft = drafts.show_draft(user, draft_id) if draft_id is not None else None
    if draft and draft.campaign_id:
        return redirect_to("setup.ready", query, campaign_id=draft.campaign_id)

    def save(fields: schemas.DetailsForm) -> CampaignDraft:
        organisation = requested_organisation_scope(fields["organisation_id"])
        require(user, "campaign.edit", organisation)
        _check_details(fields)
        return drafts.save_draft(user, draft_id, schemas.typed(_with_choices(form.values)), now)

    saved = form.submit(schemas.DetailsFormSchema(), save, lists=("networks", "areas_choice"))
    if saved:
        return redirect_to("setup.teams", query, draft_id=saved.id)
    if request.method != "POST":
        defaults = service.draft_defaults(organisations[0][0], now)
        form.values = {**defaults, **(draft.content if draft else {})}
    limit = unit_limit(user, organisations[0][0]) if len(organisations) == 1 else None
    values = {"organisations": organisations, "area": picker_area(local_day(now), limit)}
    return render_private("web/setup/details.html", query["lang"], form=form, draft=draft, **values)


def _with_choices(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with the units that were ticked as lines of the area."""
    lines = [*(values.get("areas") or "").splitlines(), *(values.get("areas_choice") or ())]
    return {**values, "areas": "\n".join(dict.fromkeys(line.strip() for line in lines))}


def _check_details(fields: schemas.DetailsForm) -> CampaignCreate:
    """Return the request of a new campaign; 422 where it could not be created."""
    if fields["last_day"] < fields["first_day"]:
        raise invalid("last_day", "before_first_day")
    if not fields["networks"]:
        raise invalid("networks", "required")
    home = unit_limit(actor(), fields["organisation_id"])
    return {
        "organisation_id": fields["organisation_id"],
        "name": fields["name"],
        "first_day": fields["first_day"],
        "last_day": fields["last_day"],
        "areas": parse_areas(fields, home),
        "networks": fields["networks"],
        "target": fields["target"],
        "cap": fields["cap"],
        "state": fields["state"],
    }


@bp.page({"/drafts/save": {"draft_id": None}, "/drafts/<int:draft_id>/save": {}}, methods=("POST",))
def autosave(query: LangQuery, draft_id: int | None) -> Response:
    """Store a draft as typed, for the script of the page."""
    values = _with_choices(submitted_fields((*DRAFT_LISTS, "areas_choice")))
    sent = {name: values[name] for name in values if name in request.form or name == "networks"}
    if "areas" not in request.form:
        sent.pop("networks")
        sent |= {"former": values["former"]}
    saved = drafts.save_draft(actor(), draft_id, schemas.typed(sent), clock_now())
    return jsonify({"id": saved.id, "saved_at": saved.updated_at.isoformat()})


@bp.page("/drafts/<int:draft_id>/remove", methods=("POST",))
def remove_draft(query: LangQuery, draft_id: int) -> Response:
    """Delete a draft."""
    drafts.remove_draft(actor(), draft_id)
    return redirect_to("board.index", query)


@bp.page("/drafts/<int:draft_id>/teams", methods=READ_WRITE, upload_most=MAX_LIST)
def teams(query: LangQuery, draft_id: int) -> Response:
    """List the teams of a new campaign, check each line, and start the campaign."""
    form, user = new_form(query), actor()
    draft = drafts.show_draft(user, draft_id)
    if draft.campaign_id:
        return redirect_to("setup.ready", query, campaign_id=draft.campaign_id)
    details = _stored_details(draft)
    if details is None:
        return redirect_to("setup.details", query, draft_id=draft_id)
    organisation = details.campaign["organisation_id"]
    form.values = {"teams": draft.content.get("teams"), "former": draft.content.get("former") or []}
    checked = None

    def start(fields: schemas.TeamsForm) -> int:
        now, former = clock_now(), fields["former"]
        started = drafts.start_campaign(
            user, draft_id, details.campaign, former, now=now, language=form.language
        )
        set_telephone(user, organisation, details.telephone)
        return started

    if request.method == "POST":
        started, checked = _submit_list(form, organisation, start, draft_id)
        if started:
            return redirect_to("setup.ready", query, campaign_id=started)
    elif form.values["teams"]:
        checked = form.attempt(lambda: _check_teams(form, organisation))
    former = drafts.former_teams(user, organisation)
    values = {"campaign": details.campaign, "checked": checked, "draft": draft, "former": former}
    return render_private("web/setup/teams.html", query["lang"], form=form, **values)


@dataclass(frozen=True, slots=True)
class DraftDetails:
    """The first step of a draft, complete: a campaign that can be created."""

    campaign: CampaignCreate
    telephone: str | None  # on posters


def _stored_details(draft: CampaignDraft) -> DraftDetails | None:
    """Return the details of a draft, or None where the first step is not complete."""
    schema = schemas.DetailsFormSchema()
    typed = {name: draft.content[name] for name in draft.content if name in schema.fields}
    if schema.validate({name: value for name, value in typed.items() if value is not None}):
        return None
    fields: schemas.DetailsForm = schema.load(
        {name: value for name, value in typed.items() if value is not None}
    )
    try:
        return DraftDetails(_check_details(fields), fields["telephone"])
    except Problem:
        return None


def _submit_list(
    form: Form,
    organisation: int,
    start: Callable[[schemas.TeamsForm], T],
    draft_id: int | None = None,
) -> tuple[T | None, TeamListEffect | None]:
    """Check a submitted list of teams; start with it if that was asked and no line is wrong.

    A draft stores the list as typed. Return the result, and the effect of each line.
    """
    fields = _load_teams(form)
    if fields is None:
        return None, None
    if draft_id is not None:
        stored = {
            "teams": fields["teams"],
            "former": [str(team_id) for team_id in fields["former"]],
        }
        drafts.save_draft(actor(), draft_id, schemas.typed(stored), clock_now())
    checked = form.attempt(lambda: _check_teams(form, organisation))
    wrong = form.failed or (checked and checked["totals"]["error"])
    if fields["go"] != "start" or wrong:
        return None, checked
    return form.attempt(lambda: start(fields)), checked


def _load_teams(form: Form) -> schemas.TeamsForm | None:
    """Return a submitted list of teams, with the lines of a chosen file, and former teams."""
    fields: schemas.TeamsForm | None = form.load(schemas.TeamsFormSchema(), lists=("former",))
    content = uploaded_content()
    if fields is None or content is None:
        return fields
    listed = form.attempt(lambda: read_file(content))
    if listed is None:
        return None
    form.values["teams"] = fields["teams"] = as_text(listed)
    return fields


def _check_teams(form: Form, organisation_id: int) -> TeamListEffect | None:
    lines, now = form.values.get("teams") or "", clock_now()
    return import_teams(
        actor(), organisation_id, lines, dry_run=True, now=now, language=form.language
    )


@bp.page("/<int:campaign_id>/ready", ListQuerySchema, methods=READ_WRITE)
def ready(query: ListQuery, campaign_id: int) -> Response:
    """Show what a campaign needs next: posters, leaders' links, the organiser's telephone."""
    user, now = actor(), clock_now()
    board = show_board(user, campaign_id, now)
    require(user, "campaign.edit", campaign_scope(campaign_id))
    if request.form.get("go") == "codes":
        if board.takes_codes:
            create_codes(user, campaign_id, _uncoded(board, now), now)
            db.session.commit()
        return redirect_to("setup.ready", query, campaign_id=campaign_id)
    if request.method != "POST":
        return _render_ready(query, board, new_form(query), {})
    require_recent(user, now)
    link_root()  # 409 without an address that links may begin with
    refused = {}
    if request.form.get("go") == "links":
        refused = invitations.invite_listed(user, campaign_id, now)
    if refused:
        return _render_ready(query, board, new_form(query), refused)
    return _to_leaders(query, campaign_id)


def _to_leaders(query: LangQuery, campaign_id: int) -> Response:
    return redirect_to("setup.ready", query, campaign_id=campaign_id, _anchor="leaders")


def _uncoded(board: CampaignBoard, now: datetime) -> list[int]:
    """Return the teams that take part, but that nobody can join."""
    coded = coded_team_ids(board.campaign["id"])
    teams = list_visible_teams(actor(), board.campaign["id"], now)
    return [team.id for team in teams if team.id not in coded]


def _render_ready(
    query: ListQuery, board: CampaignBoard, form: Form, refused: dict[str, str]
) -> Response:
    user, now, campaign_id = actor(), clock_now(), board.campaign["id"]
    organisation, call = service.organisation_contact(campaign_id)
    teams = service.coded_teams(user, campaign_id)
    leaders = invitations.list_leaders(user, campaign_id, now)
    if not form.values:
        form.values = {"telephone": call or ""}
    values = {
        "teams": teams,
        "uncoded": _uncoded(board, now) if board.takes_codes else [],
        "leaders": list_page(leaders, query["page"]),
        "to_send": _to_send(board, now),
        "for_group": invitations.group_message(leaders, board.campaign["name"], call),
        "refused": refused,
        "telephone": call,
        "parts": range(1, -(-len(teams) // service.MAX_POSTERS) + 1),
        "has_logo": logos.logo_of(organisation.id) is not None,
        "organisation": organisation,
    }
    return render_form("web/setup/ready.html", query, form, board=board, **values)


@dataclass(frozen=True, slots=True)
class LeaderInvitation:
    """The invitation of a leader to send: the link, alone and in a message."""

    leader: invitations.Leader
    link: str
    message: str


def _to_send(board: CampaignBoard, now: datetime) -> dict[int, LeaderInvitation]:
    """Return the invitations of the leaders whose links are shown, by their user's id."""
    campaign = board.campaign
    call = service.organisation_contact(campaign["id"])[1]
    to_send = {}
    for leader in invitations.links_to_send(actor(), campaign["id"], now):
        assert leader.link is not None
        try:
            link = leader.link.serialize(link_root())["link"]
        except Problem:  # no address that links may begin with: the button says so
            return {}
        text = invitations.leader_message(leader, campaign["name"], link, call)
        to_send[leader.user_id] = LeaderInvitation(leader, link, text)
    return to_send


@bp.page("/<int:campaign_id>/leaders/slips")
def leader_slips(query: LangQuery, campaign_id: int) -> Response:
    """Render printable slips with the links of leaders: soon after the password was given."""
    now = clock_now()
    board = show_board(actor(), campaign_id, now)
    to_send = _to_send(board, now)
    if not to_send:
        return _to_leaders(query, campaign_id)
    values = {"board": board, "to_send": to_send.values(), "qr_code": inline_svg}
    return render_private("web/setup/leader_slips.html", query["lang"], **values)


@bp.page("/<int:campaign_id>/leaders/<int:user_id>/renew", methods=("POST",))
def renew_link(query: LangQuery, campaign_id: int, user_id: int) -> Response:
    """Make a new link for one leader; the links of the others stay valid."""
    invitations.renew_link(actor(), campaign_id, user_id, clock_now())
    return _to_leaders(query, campaign_id)


@bp.page("/<int:campaign_id>/leaders/<int:user_id>/copied", methods=("POST",))
def copied(query: LangQuery, campaign_id: int, user_id: int) -> Response:
    """Note that the message to a leader was copied, for the script of the page."""
    invitations.note_copied(actor(), campaign_id, user_id, clock_now())
    return Response(status=204)


@bp.page("/<int:campaign_id>/contact", methods=("POST",), upload_most=logos.MAX_UPLOAD_BYTES)
def contact(query: LangQuery, campaign_id: int) -> Response:
    """Change the telephone number and the logo on posters."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    organisation = board.campaign["organisation_id"]
    require(user, "organisation.edit", organisation_scope(organisation))

    def change(fields: schemas.ContactForm) -> bool:
        picture = uploaded_content()
        if picture is not None:
            logos.set_logo(user, organisation, picture)
        elif fields["remove_logo"]:
            logos.remove_logo(user, organisation)
        set_telephone(user, organisation, fields["telephone"])
        return True

    if form.submit(schemas.ContactFormSchema(), change):
        return redirect_to("setup.ready", query, campaign_id=campaign_id)
    return _render_ready({"lang": query["lang"], "page": 1}, board, form, {})


@bp.page("/<int:campaign_id>/logo.png", None)
def logo(campaign_id: int) -> Response:
    """Send the logo of the campaign's organisation."""
    show_board(actor(), campaign_id, clock_now())
    png = or_404(logos.logo_of(service.organisation_contact(campaign_id)[0].id))
    response = Response(png, content_type="image/png")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.page("/<int:campaign_id>/posters.pdf", schemas.DraftQuerySchema)
def print_posters(query: schemas.PostersQuery, campaign_id: int) -> Response:
    """Send the posters of all teams of a campaign, or of one, as one PDF."""
    now = clock_now()
    teams = service.coded_teams(actor(), campaign_id, query["team"])
    first = (query["part"] - 1) * service.MAX_POSTERS
    part = teams[first : first + service.MAX_POSTERS]
    pages = service.poster_teams(part, link_root(), local_day(now))
    content = service.draw_posters(service.poster_texts(campaign_id, now), pages)
    name = f"ap-phich-{campaign_id}.pdf"
    return as_attachment(content, "application/pdf", name, stored=False)


@bp.page("/teams.<any(xlsx,csv):form>", None)
def team_list(form: str) -> Response:
    """Send the list of teams to fill in."""
    return as_attachment(template(form), MEDIA[form], f"mau-danh-sach-doi.{form}")


@bp.page("/<int:campaign_id>/teams/add", methods=READ_WRITE, upload_most=MAX_LIST)
def add_teams(query: LangQuery, campaign_id: int) -> Response:
    """Add teams to a campaign: new ones of a list, after a check of each line, and former ones."""
    form, user, now = new_form(query), actor(), clock_now()
    board, checked = show_board(user, campaign_id, now), None
    organisation = board.campaign["organisation_id"]
    require(user, "campaign.edit", campaign_scope(campaign_id))
    if request.method == "POST":
        ids, checked = _submit_list(
            form, organisation, lambda fields: _add_teams(form, board, fields)
        )
        if ids and len(ids) == 1:
            return redirect_to("board.team", query, campaign_id=campaign_id, team_id=ids[0])
        if ids:
            return redirect_to("board.teams", query, campaign_id=campaign_id)
    former = drafts.former_teams(user, organisation, campaign_id)
    values = {"board": board, "checked": checked, "former": former}
    return render_private("web/setup/add_teams.html", query["lang"], form=form, **values)


def _add_teams(form: Form, board: CampaignBoard, fields: schemas.TeamsForm) -> list[int]:
    """Create the teams of a list; they and the former teams take part in the campaign."""
    user, now, organisation = actor(), clock_now(), board.campaign["organisation_id"]
    lines = fields["teams"] or ""
    done = import_teams(user, organisation, lines, dry_run=False, now=now, language=form.language)
    written = [row["team_id"] for row in done["rows"]] if done else []
    ids = [*fields["former"], *filter(None, written)]
    if not ids:
        raise invalid("teams", "no_teams")
    drafts.add_teams(user, board.campaign["id"], ids, now)
    return ids


@bp.page("/<int:campaign_id>/teams/<int:team_id>/change", methods=READ_WRITE)
def change(query: LangQuery, campaign_id: int, team_id: int) -> Response:
    """Change a team: its leader the home and capacity, an organiser also name and type."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    require(user, "team.correct", team_scope(team_id))
    team = show_team(user, team_id)
    schema = schemas.TeamFormSchema if board.organises else schemas.TeamPlaceFormSchema

    def save(fields: schemas.TeamForm) -> TeamDetails:
        data = _team_request(fields, team["organisation_id"])
        return change_team(user, team_id, frozenset({fields["version"] or ""}), data)

    unit = team["home_unit"] and unit_index().by_id.get(team["home_unit"]["id"])
    home = unit.label if unit else ""
    stored: dict[str, Any] = {**team, "home": home, "version": str(team["version"])}
    form.stored = stored
    if form.submit(schema(), save):
        return redirect_to("board.team", query, campaign_id=campaign_id, team_id=team_id)
    if request.method != "POST":
        form.values = stored
    return render_private(
        "web/setup/team_form.html", query["lang"], board=board, form=form, team=team
    )


def _team_request(fields: schemas.TeamForm, organisation_id: int) -> TeamChanges:
    now = clock_now()
    home = unit_limit(actor(), organisation_id)
    unit = read_unit(fields, "home", local_day(now), level="commune", home=home)
    data: TeamChanges = {
        "capacity_per_day": fields["capacity_per_day"],
        "home_unit": unit_reference(unit) if unit else None,
    }
    if "name" in fields:  # of an organiser
        data |= {"name": fields["name"], "type": fields["type"]}
    return data


@bp.page(
    f"/<int:campaign_id>/teams/<int:team_id>/members/<int(max={MAX_BIG_ID}):number>/remove",
    methods=("POST",),
)
def drop_member(query: LangQuery, campaign_id: int, team_id: int, number: int) -> Response:
    """Remove a wrong member from a team."""
    drop = request.form.get("samples") == "drop"
    remove_member(actor(), campaign_id, team_id, number, clock_now(), samples=drop)
    return _to_removed(query, campaign_id, team_id)


@bp.page(
    f"/<int:campaign_id>/teams/<int:team_id>/members/<int(max={MAX_BIG_ID}):number>/restore",
    methods=("POST",),
)
def restore(query: LangQuery, campaign_id: int, team_id: int, number: int) -> Response:
    """Put a removed member back into a team."""
    restore_member(actor(), campaign_id, team_id, number, clock_now())
    return _to_removed(query, campaign_id, team_id)


def _to_removed(query: LangQuery, campaign_id: int, team_id: int) -> Response:
    """Lead to the members of a team, above which it says who was removed."""
    path = {"campaign_id": campaign_id, "team_id": team_id}
    return redirect_to("board.team", query, **path, _anchor="people")


@bp.page("/<int:campaign_id>/teams/<int:team_id>/end", methods=("POST",))
def end(query: LangQuery, campaign_id: int, team_id: int) -> Response:
    """End a team, or remove one without members."""
    form, now = new_form(query), clock_now()
    fields: schemas.SureForm | None = form.load(schemas.SureFormSchema())
    if fields is None:
        return redirect_to("board.team", query, campaign_id=campaign_id, team_id=team_id)
    end_team(actor(), team_id, frozenset({fields["version"] or ""}), now)
    return redirect_to("board.teams", query, campaign_id=campaign_id)


@bp.page("/<int:campaign_id>/teams/<int:team_id>/leave", methods=("POST",))
def leave(query: LangQuery, campaign_id: int, team_id: int) -> Response:
    """Take a team without members out of a campaign."""
    if new_form(query).load(schemas.SureFormSchema()) is None:
        return redirect_to("board.team", query, campaign_id=campaign_id, team_id=team_id)
    remove_team(actor(), campaign_id, team_id, clock_now())
    return redirect_to("board.teams", query, campaign_id=campaign_id)


@bp.page("/<int:campaign_id>/teams/<int:team_id>/leaders", methods=READ_WRITE)
def leaders(query: LangQuery, campaign_id: int, team_id: int) -> Response:
    """Invite a leader of a team; the list of leaders shows the link."""
    form, user, now = new_form(query), actor(), clock_now()
    board = show_board(user, campaign_id, now)
    require(user, "campaign.edit", campaign_scope(campaign_id))
    team = show_team(user, team_id)

    def invite(fields: schemas.LeaderForm) -> bool:
        with form_errors({"name": "contact"}):
            invitations.invite_leader(user, fields["contact"], [team_id], now)
        return True

    if form.submit(schemas.LeaderFormSchema(), invite):
        return _to_leaders(query, campaign_id)
    return render_form("web/setup/leader.html", query, form, board=board, team=team)


@bp.page("/<int:campaign_id>/teams/<int:team_id>/leaders/<int:role_id>/end", methods=("POST",))
def stop_leader(query: LangQuery, campaign_id: int, team_id: int, role_id: int) -> Response:
    """End the role of a team's leader."""
    user, now = actor(), clock_now()
    show_team(user, team_id)
    present = invitations.leaders_of([team_id], now)
    leader = or_404(next((leader for leader in present if leader.roles[team_id] == role_id), None))
    end_role(user, leader.user_id, role_id, now)
    return redirect_to("board.team", query, campaign_id=campaign_id, team_id=team_id)
