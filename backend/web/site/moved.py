"""Addresses of former versions, which people have bookmarked: each leads to its page of today."""

from functools import partial
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

bp = Blueprint("moved", __name__)

PICTURE: tuple[str, dict[str, str]] = ("sharing.speed_picture", {})

# By address: the page of today, and what else its address gets.
MOVED: dict[str, tuple[str, dict[str, str]]] = {
    "/admin/imports": ("admin.audit", {"reads": "imports"}),
    "/admin/jobs": ("admin.index", {"_anchor": "jobs"}),
    "/admin/mail": ("admin.connections", {}),
    "/admin/rules": ("help.rules", {"language": "vi"}),
    "/admin/sessions": ("admin.people", {"_anchor": "sessions"}),
    "/admin/succession": ("admin.people", {}),
    "/account/given": ("account_pages.deputies", {}),
    "/campaigns/<int:campaign_id>/contributions": ("board.teams", {}),
    "/campaigns/<int:campaign_id>/teams/import": ("setup.add_teams", {}),
    "/join": ("do.measure", {}),  # a browser keeps the fragment, which is the team's code
    "/desk/area/<code>/months": ("desk.area", {}),
    "/desk/deadlines": ("desk.reports", {"_anchor": "due"}),
    "/desk/deputies": ("account_pages.deputies", {}),
    "/speeds": ("web.speeds", {}),
    "/unit/<unit>/speeds": ("web.speeds", {}),
    "/speeds/<any(speeds,months,hours,map):kind>.<any(svg,png):form>": PICTURE,
    "/unit/<unit>/<any(speeds,months,week,hours,map):kind>.<any(svg,png):form>": PICTURE,
    "/unit/<unit>/no-connection.<any(svg,png):form>": ("sharing.speed_picture", {"kind": "gaps"}),
}


def lead(endpoint: str, added: dict[str, str], **path: str) -> BaseResponse:
    """Redirect to the page of today with the same query."""
    query: dict[str, Any] = {k: v for k, v in request.args.items() if not k.startswith("_")}
    return redirect(url_for(endpoint, **query | path | added), 301)


for address, (page, more) in MOVED.items():
    bp.add_url_rule(address, address.replace(".", "_"), partial(lead, page, more), methods=("GET",))
