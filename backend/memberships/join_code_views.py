"""Endpoints of a team's join code: create, show, draw, print."""

from typing import Any

from flask import Response, current_app, render_template, request

from backend.accounts.authentication import SignedInParser, actor, keep_private
from backend.clock import VIETNAM
from backend.database.extensions import PERSON
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now
from backend.memberships import join_codes, poster
from backend.memberships.schemas import CodeLimitsSchema, JoinCodeSchema

blp = Blueprint("join codes", __name__, description="What a team shows", parser=SignedInParser())
blp.after_request(keep_private)  # a code lets people in

CODE = "/campaigns/<int:campaign_id>/teams/<int:team_id>/join-code"
POSTER = "/campaigns/<int:campaign_id>/teams/<int:team_id>/poster"
FILE = {"type": "string", "format": "binary"}


@blp.post(CODE)
@blp.doc(security=PERSON)
@blp.arguments(CodeLimitsSchema)
@blp.response(201, JoinCodeSchema, description="In force; the previous code is void")
def rotate_code(limits: join_codes.CodeLimits, campaign_id: int, team_id: int) -> Any:
    """Create or rotate a team's join code."""
    details = join_codes.rotate_code(actor(), campaign_id, team_id, limits, clock_now())
    return _serialize_code(details), 201


@blp.get(CODE)
@blp.doc(security=PERSON)
@blp.response(200, JoinCodeSchema)
def show_code(campaign_id: int, team_id: int) -> Any:
    """Show a team's join code to its leader and organisers."""
    return _serialize_code(_details(campaign_id, team_id))


@blp.get(f"{CODE}.svg")
@blp.doc(security=PERSON)
@blp.response(200, FILE, content_type="image/svg+xml")
def draw_svg(campaign_id: int, team_id: int) -> Response:
    """Draw a team's join code as a QR code, SVG."""
    return _file(poster.as_svg(_content(_details(campaign_id, team_id))), "image/svg+xml")


@blp.get(f"{CODE}.png")
@blp.doc(security=PERSON)
@blp.response(200, FILE, content_type="image/png")
def draw_png(campaign_id: int, team_id: int) -> Response:
    """Draw a team's join code as a QR code, PNG."""
    return _file(poster.as_png(_content(_details(campaign_id, team_id))), "image/png")


@blp.get(POSTER)
@blp.doc(security=PERSON)
@blp.response(200, {"type": "string"}, content_type="text/html")
def print_poster(campaign_id: int, team_id: int) -> Response:
    """Print a team's poster: an A4 page with the QR code, the steps and the terms."""
    page = _page(_details(campaign_id, team_id))
    answer = _file(page.encode(), "text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = poster.policy()
    answer.headers["Content-Language"] = "vi"
    return answer


def _page(details: join_codes.CodeDetails) -> str:
    config = current_app.config
    expires = details.expires_at and details.expires_at.astimezone(VIETNAM)
    return render_template(
        "campaigns/poster.html",
        shown=details,
        place=details.place,
        expires=expires,
        address=poster.short_address(request.url_root, details.code),
        qr=poster.inline_svg(_content(details)),
        style=poster.style(),
        operator=config["OPERATOR_NAME"],
        contact=config["OPERATOR_CONTACT"],
        retention_days=config["RETENTION_DAYS"],
    )


def _details(campaign_id: int, team_id: int) -> join_codes.CodeDetails:
    return join_codes.show_code(actor(), campaign_id, team_id, clock_now())


def _serialize_code(details: join_codes.CodeDetails) -> dict[str, Any]:
    place = details.place
    return {
        "code": details.code,
        "content": _content(details),
        "campaign": {"id": place.campaign_id, "name": place.campaign},
        "team": {"id": place.team_id, "name": place.team},
        "created_at": details.created_at,
        "expires_at": details.expires_at,
        "uses": details.uses,
        "uses_most": details.uses_most,
        "state": details.state,
    }


def _content(details: join_codes.CodeDetails) -> str:
    return poster.content(request.url_root, details.code)


def _file(content: bytes, kind: str) -> Response:
    return Response(content, content_type=kind)
