"""Pages: the first one, and the API's."""

from typing import Any

from flask import Blueprint, Response, current_app

from backend.arguments import Parser
from backend.clock import local_day
from backend.web.pages import render
from backend.web.policy import API_PAGE, CLOSED, under
from backend.web.schemas import FirstPageQuerySchema, PageQuerySchema
from backend.web.service import first_page

bp = Blueprint("web", __name__)
arguments = Parser().use_args


@bp.get("/")
@arguments(FirstPageQuerySchema, location="query")
@under(CLOSED)
def index(asked: dict[str, Any]) -> Response:
    """Show a month's counts against the target."""
    lang = asked.pop("lang")
    today = local_day(current_app.extensions["clock"]())
    return render("web/coverage.html", lang, page=first_page(**asked, today=today))


@bp.get("/docs")
@arguments(PageQuerySchema, location="query")
@under(API_PAGE)
def docs(asked: dict[str, Any]) -> Response:
    """Show the API, and let people try it."""
    return render("web/docs.html", asked["lang"])
