"""Rendering of pages for people who have signed in."""

from typing import Any

from flask import Response, current_app

from backend.accounts.access import Actor
from backend.accounts.authentication import actor, form_token
from backend.web.site.pages import render

# Where a role's work is: the page's endpoint, in the order of the header.
PLACES = {
    "official": "desk.index",
    "organiser": "board.index",
    "team_leader": "board.index",
    "admin": "admin.index",
}


def member(template: str, lang: str | None, **values: Any) -> Response:
    """Render a page of people who signed in: it may hold forms, and no cache keeps it."""
    response = render(template, lang, csrf=form_token(), places=places(actor()), **values)
    response.headers["Cache-Control"] = "no-store"
    return response


def places(known: Actor) -> list[str]:
    """Where a person finds work, by endpoint: one entry for each kind of role that they have."""
    held = {grant.role for grant in known.grants}
    found = dict.fromkeys(PLACES[role] for role in PLACES if role in held)
    return [endpoint for endpoint in found if endpoint in current_app.view_functions]
