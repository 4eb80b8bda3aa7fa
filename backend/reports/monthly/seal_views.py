"""The API of seals, for anybody who holds a report and wants to check it."""

from typing import Any

from backend.http.blueprint import Blueprint
from backend.reports.monthly.seal_schemas import CheckedSchema, SealKeysSchema
from backend.reports.monthly.seals import list_keys
from backend.reports.monthly.verification import check_digest

blp = Blueprint("seals", __name__, url_prefix="/api/v1/reports", description="Seals of reports")


@blp.get("/keys")
@blp.response(200, SealKeysSchema)
def get_keys() -> dict[str, Any]:
    """List the public keys by which seals are checked."""
    return list_keys()


@blp.get("/by-digest/<digest>")
@blp.response(200, CheckedSchema)
def get_by_digest(digest: str) -> dict[str, Any]:
    """Tell which approved report has a SHA-256 digest, and whether its seal holds."""
    return check_digest(digest)
