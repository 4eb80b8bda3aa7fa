"""The end of a campaign: closing it, thanks, certificates, and a summary for the province."""

from collections import Counter
from typing import TypedDict

from flask import Response, request

from backend.accounts.access import require
from backend.accounts.audit import record_read
from backend.accounts.authentication import actor
from backend.campaigns.service import (
    CampaignDetails,
    change_campaign,
    is_over,
    visible_campaign,
)
from backend.clock import local_day
from backend.coverage.contributions.certificates import (
    certificates,
    draw_certificates,
    draw_thanks,
    last_day_held,
)
from backend.coverage.contributions.figures import total
from backend.coverage.contributions.query import CampaignAccess, build_query, campaign_access
from backend.coverage.contributions.service import all_contributions
from backend.coverage.plan.progress import campaign_progress
from backend.drawing import pdf
from backend.errors import Problem
from backend.http.requests import as_attachment, clock_now
from backend.memberships.join_codes import coded_teams
from backend.organisations.scopes import campaign_scope
from backend.web.board import schemas
from backend.web.board.service import CampaignBoard, show_board
from backend.web.site.blueprint import READ_WRITE, PageBlueprint
from backend.web.site.forms import Preview, confirm, new_form, redirect_to, submitted_fields
from backend.web.site.pages import render_private, translator_for
from backend.web.site.schemas import LangQuery
from backend.web.site.tables import list_page


class EndedCodes(TypedDict):
    """What stops when a campaign is closed."""

    codes: int  # join codes in force


bp = PageBlueprint("ending", __name__, login_required=True, url_prefix="/campaigns")


@bp.page("/<int:campaign_id>/end", methods=READ_WRITE)
def end(query: LangQuery, campaign_id: int) -> Response:
    """Close a campaign, after a look at what stops and what stays."""
    form, user = new_form(query), actor()
    board = show_board(user, campaign_id, clock_now())
    require(user, "campaign.edit", campaign_scope(campaign_id))
    if board.campaign["state"] != "open":
        return redirect_to("board.campaign", query, campaign_id=campaign_id)
    form.values = submitted_fields() if request.method == "POST" else {}
    version = board.campaign["version"]

    def close(preview: bool) -> EndedCodes | CampaignDetails:
        if preview:
            return {"codes": len(coded_teams(campaign_id))}
        return change_campaign(user, campaign_id, frozenset({str(version)}), {"state": "closed"})

    result = confirm(form, close, version)
    if result and not isinstance(result, Preview):
        return redirect_to("board.campaign", query, campaign_id=campaign_id)
    values = {"board": board, "form": form, "preview": result}
    return render_private("web/board/end.html", query["lang"], **values)


def show_ending(query: schemas.TodayQuery, board: CampaignBoard) -> Response:
    """Show the figures of a closed campaign, thanks and certificates; a leader's own team's."""
    access = campaign_access(actor(), board.campaign["id"])
    sheets = certificates(access)
    teams = [sheet for sheet in sheets if not sheet["member"]]
    values = {
        "total": total(build_query(access, "team", {})),
        "teams": list_page(sorted(teams, key=lambda sheet: -sheet["counted"]), query["page"]),
        "named": Counter(sheet["team_id"] for sheet in sheets if sheet["member"]),
        "sheets": len(sheets),
    }
    return render_private("web/board/ending.html", query["lang"], board=board, **values)


@bp.page("/<int:campaign_id>/thanks.png", None)
def thanks(campaign_id: int) -> Response:
    """Send the picture of thanks of a campaign that is over."""
    campaign = _over(campaign_id).campaign
    name = f"cam-on-{campaign_id}.png"
    return as_attachment(draw_thanks(campaign), "image/png", name, stored=False)


@bp.page("/<int:campaign_id>/certificates.pdf", schemas.CertificatesQuerySchema)
def print_certificates(query: schemas.CertificatesQuery, campaign_id: int) -> Response:
    """Send certificates as one PDF: of a team and its members who chose a name, or of all teams."""
    access = _over(campaign_id)
    record_read(actor(), "members", f"campaign:{campaign_id}")
    listed = list_page(certificates(access, query["team"]), query["page"])
    pages = draw_certificates(access.campaign, listed.rows, local_day(clock_now()))
    name = f"giay-chung-nhan-{campaign_id}.pdf"
    return as_attachment(pdf(pages, access.campaign.name), "application/pdf", name, stored=False)


def _over(campaign_id: int) -> CampaignAccess:
    """Return what a person may see of a campaign that is over; 404 while it runs."""
    access = campaign_access(actor(), campaign_id)
    if not is_over(access.campaign, clock_now()):
        raise Problem(404, "not_found")
    return access


@bp.page("/<int:campaign_id>/summary")
def summary(query: LangQuery, campaign_id: int) -> Response:
    """Render the summary of a campaign for the province: two pages to print."""
    user, now = actor(), clock_now()
    board = show_board(user, campaign_id, now)
    require(user, "campaign.see", campaign_scope(campaign_id))
    language = translator_for(query["lang"]).language
    values = {
        "by": {
            by: all_contributions(user, campaign_id, language, {"by": by}, now)
            for by in ("team", "unit", "day")
        },
        "goals": [
            campaign_progress(user, campaign_id, network, now)
            for network in board.campaign["networks"]
        ],
        "today": local_day(now),
        "until": last_day_held(visible_campaign(user, campaign_id)),
    }
    return render_private("web/board/summary.html", query["lang"], board=board, **values)
