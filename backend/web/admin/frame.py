"""The blueprint of admins' pages, and what every page of it shows."""

from typing import Any

from backend.web.site.blueprint import PageBlueprint
from backend.web.site.forms import Form, new_form, render_form

bp = PageBlueprint("admin", __name__, login_required=True, act="system.manage", url_prefix="/admin")

# In the order of the navigation above every page.
SECTIONS = (
    *("index", "mail", "webhooks", "jobs", "sets", "imports", "rules", "people", "sessions"),
    *("succession", "organisations", "targets", "withdrawals", "audit"),
)


def render_section(
    template: str, query: dict[str, Any], form: Form | None = None, **values: Any
) -> Any:
    """Render a page of a section; the status of a form with errors is 422."""
    page = f"web/admin/{template}.html"
    return render_form(page, query, form or new_form(query), sections=SECTIONS, **values)
