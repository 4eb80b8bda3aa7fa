"""The first page of admins: how the installation is, and where the rest is."""

from typing import Any

from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.health import examined


@bp.page("")
def index(query: dict[str, Any]) -> Any:
    """Show what is wrong with the installation, and where an admin goes from here."""
    return render_section("index", query, checks=examined())
