"""The blueprint of admins' pages, and what every page of it shows."""

from typing import Any

from flask import Response

from backend.web.site.blueprint import PageBlueprint
from backend.web.site.forms import Form, new_form, render_form
from backend.web.site.schemas import LangQuery

bp = PageBlueprint("admin", __name__, login_required=True, act="system.manage", url_prefix="/admin")

# The tabs above every page, and the pages of each: its first one is what the tab opens.
SECTIONS = {
    "overview": ("index", "notices"),
    "users": ("people", "organisations", "clusters"),
    "places": ("sets", "targets"),
    "connections": ("connections", "webhooks"),
    "log": ("audit", "withdrawals"),
}
PAGES = tuple(page for pages in SECTIONS.values() for page in pages)


def render_section(
    template: str, query: LangQuery, form: Form | None = None, **values: Any
) -> Response:
    """Render a page of a section; the status of a form with errors is 422."""
    page = f"web/admin/{template}.html"
    return render_form(page, query, form or new_form(query), sections=SECTIONS, **values)
