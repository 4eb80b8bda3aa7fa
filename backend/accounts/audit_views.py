"""The endpoint of the audit log."""

from typing import Any

from flask_smorest import Blueprint

from backend.accounts.audit import read_audit
from backend.accounts.audit_schemas import AuditPageSchema, AuditQuerySchema
from backend.accounts.authentication import actor
from backend.database.extensions import PERSON
from backend.http.arguments import Parser

blp = Blueprint("audit", __name__, url_prefix="/api/v1", description="Privileged acts")
blp.ARGUMENTS_PARSER = Parser()


@blp.get("/audit")
@blp.doc(security=PERSON)
@blp.arguments(AuditQuerySchema, location="query")
@blp.response(200, AuditPageSchema)
def list_audit(query: dict[str, Any]) -> Any:
    """List privileged acts, newest first; for admins."""
    return read_audit(actor(), query), 200, {"Cache-Control": "no-store"}
