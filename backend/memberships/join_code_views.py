"""Endpoints of a team's join code: made, shown, drawn, printed."""

from typing import Any

from flask import Response, current_app, render_template, request

from backend.accounts.authentication import actor, keep_private
from backend.accounts.parsing import PeopleParser
from backend.clock import VIETNAM
from backend.database.extensions import PERSON
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now
from backend.memberships import join_codes, poster
from backend.memberships.join_code_schemas import JoinCodeSchema, LimitsSchema

blp = Blueprint("join codes", __name__, description="What a team shows", parser=PeopleParser())
blp.after_request(keep_private)  # a code lets people in

CODE = "/campaigns/<int:campaign_id>/teams/<int:team_id>/join-code"
POSTER = "/campaigns/<int:campaign_id>/teams/<int:team_id>/poster"
FILE = {"type": "string", "format": "binary"}


@blp.post(CODE)
@blp.doc(security=PERSON)
@blp.arguments(LimitsSchema)
@blp.response(201, JoinCodeSchema, description="In force; the code before it is void")
def rotate_code(limits: join_codes.Limits, campaign_id: int, team_id: int) -> Any:
    """Give a team a join code, its first or another one."""
    shown = join_codes.rotate(actor(), campaign_id, team_id, limits, clock_now())
    return _told(shown), 201


@blp.get(CODE)
@blp.doc(security=PERSON)
@blp.response(200, JoinCodeSchema)
def show_code(campaign_id: int, team_id: int) -> Any:
    """Show a team's join code to its leader and organisers."""
    return _told(_shown(campaign_id, team_id))


@blp.get(f"{CODE}.svg")
@blp.doc(security=PERSON)
@blp.response(200, FILE, content_type="image/svg+xml")
def draw_svg(campaign_id: int, team_id: int) -> Response:
    """Draw a team's join code as a QR code, SVG."""
    return _file(poster.as_svg(_content(_shown(campaign_id, team_id))), "image/svg+xml")


@blp.get(f"{CODE}.png")
@blp.doc(security=PERSON)
@blp.response(200, FILE, content_type="image/png")
def draw_png(campaign_id: int, team_id: int) -> Response:
    """Draw a team's join code as a QR code, PNG."""
    return _file(poster.as_png(_content(_shown(campaign_id, team_id))), "image/png")


@blp.get(POSTER)
@blp.doc(security=PERSON)
@blp.response(200, {"type": "string"}, content_type="text/html")
def print_poster(campaign_id: int, team_id: int) -> Response:
    """Print a team's poster: an A4 page with the QR code, the steps and what one agrees to."""
    page = _page(_shown(campaign_id, team_id))
    answer = _file(page.encode(), "text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = poster.policy()
    answer.headers["Content-Language"] = "vi"
    return answer


def _page(shown: join_codes.Shown) -> str:
    config = current_app.config
    expires = shown.expires_at and shown.expires_at.astimezone(VIETNAM)
    return render_template(
        "campaigns/poster.html",
        shown=shown,
        place=shown.place,
        expires=expires,
        address=poster.by_hand(request.url_root, shown.code),
        qr=poster.inline_svg(_content(shown)),
        style=poster.style(),
        operator=config["OPERATOR_NAME"],
        contact=config["OPERATOR_CONTACT"],
        retention_days=config["RETENTION_DAYS"],
    )


def _shown(campaign_id: int, team_id: int) -> join_codes.Shown:
    return join_codes.show(actor(), campaign_id, team_id, clock_now())


def _told(shown: join_codes.Shown) -> dict[str, Any]:
    place = shown.place
    return {
        "code": shown.code,
        "content": _content(shown),
        "campaign": {"id": place.campaign_id, "name": place.campaign},
        "team": {"id": place.team_id, "name": place.team},
        "created_at": shown.created_at,
        "expires_at": shown.expires_at,
        "uses": shown.uses,
        "uses_most": shown.uses_most,
        "state": shown.state,
    }


def _content(shown: join_codes.Shown) -> str:
    return poster.content(request.url_root, shown.code)


def _file(content: bytes, kind: str) -> Response:
    return Response(content, content_type=kind)
