"""The page of imports."""

from typing import Any

from backend.accounts.authentication import actor
from backend.web.admin.frame import bp, shown
from backend.web.admin.imports import list_imports
from backend.web.admin.schemas import ROWS, ListQuerySchema


@bp.page("/imports", ListQuerySchema)
def imports(asked: dict[str, Any]) -> Any:
    """List what was imported by whom and when, and where an import is begun."""
    return shown("imports", asked, listed=list_imports(actor(), asked["cursor"], ROWS))
