"""A unit elsewhere: as a picture beside a shared link, and embedded in another site.

Anybody may see them there, so they show what everybody may see, whoever asks.
"""

from typing import Any

from flask import Blueprint, Response, request

from backend.accounts.access import PUBLIC
from backend.http.arguments import Parser
from backend.http.requests import clock_now
from backend.web.public.service import unit
from backend.web.public.sharing import picture as drawn
from backend.web.public.sharing import sentence
from backend.web.site.content_security_policy import EMBEDDED, under
from backend.web.site.pages import render, translator_for
from backend.web.site.schemas import UnitPageQuerySchema

bp = Blueprint("sharing", __name__)
arguments = Parser().use_args

# Whoever shares a link asks once; figures of an hour ago do no harm beside it.
PICTURE_S = 3600


@bp.get("/unit/<code>/picture.png")
@arguments(UnitPageQuerySchema, location="query")
def picture(query: dict[str, Any], code: str) -> Response:
    """Draw a unit's figure for the preview of a shared link."""
    reader = translator_for(query.pop("lang"))
    place = unit(code, now=clock_now(), reader=PUBLIC, **query)
    response = Response(drawn(place, reader), content_type="image/png")
    response.headers["Cache-Control"] = f"public, max-age={PICTURE_S}"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.get("/unit/<code>/widget")
@arguments(UnitPageQuerySchema, location="query")
@under(EMBEDDED)
def widget(query: dict[str, Any], code: str) -> Response:
    """Show a unit's figure inside another site."""
    lang = query.pop("lang")
    place = unit(code, now=clock_now(), reader=PUBLIC, **query)
    told = sentence(place, translator_for(lang))
    return render("web/widget.html", lang, place=place, told=told)
