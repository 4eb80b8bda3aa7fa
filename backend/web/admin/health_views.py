"""The first page of admins: how the installation is, and where the rest is."""

from typing import Any

from backend.web.admin.frame import bp, shown
from backend.web.admin.health import examined


@bp.page("")
def index(asked: dict[str, Any]) -> Any:
    """Show what is wrong with the installation, and where an admin goes from here."""
    return shown("index", asked, checks=examined())
