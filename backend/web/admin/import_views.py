"""The page of imports."""

from typing import Any

from backend.accounts.authentication import actor
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.imports import list_imports
from backend.web.admin.schemas import ROWS, ListQuerySchema


@bp.page("/imports", ListQuerySchema)
def imports(query: dict[str, Any]) -> Any:
    """List what was imported by whom and when, and where an import is begun."""
    return render_section("imports", query, listed=list_imports(actor(), query["cursor"], ROWS))
