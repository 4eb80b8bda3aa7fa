"""The endpoint of the audit log."""

from typing import Any

from backend.accounts.audit import read_audit
from backend.accounts.audit_schemas import AuditPageSchema, AuditQuerySchema
from backend.accounts.authentication import actor
from backend.database.extensions import PERSON
from backend.http.blueprint import Blueprint

blp = Blueprint("audit", __name__, description="Privileged acts")


@blp.get("/audit")
@blp.doc(security=PERSON)
@blp.arguments(AuditQuerySchema, location="query")
@blp.response(200, AuditPageSchema)
def list_audit(query: dict[str, Any]) -> Any:
    """List privileged acts, newest first; for admins."""
    return read_audit(actor(), query), 200, {"Cache-Control": "no-store"}
