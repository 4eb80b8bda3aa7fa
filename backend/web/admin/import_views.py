"""The page of imports, read from the audit log."""

from collections.abc import Mapping
from typing import Any

from backend.accounts.access import Actor
from backend.accounts.audit import read_acts
from backend.accounts.authentication import actor
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.roles import names_of
from backend.web.admin.schemas import ROWS, ListQuerySchema

# Acts of imports; a file of measurements has one at its start and one at its end.
ACTS = (
    "team.import",
    "membership.import",
    "vnnic.import",
    "units.load",
    "import",
    "imported",
)
# Kinds of subjects with a name.
NAMED = ("organisation", "campaign")
# Outcomes of rows in the details of the acts.
OUTCOMES = (
    "create", "update", "unchanged", "error", "accepted", "duplicate", "conflict", "rejected",
)  # fmt: skip


def list_imports(actor: Actor, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return a page of imports, the latest first."""
    page = read_acts(actor, ACTS, cursor, limit)
    subjects = (row["subject"].partition(":") for row in page["items"])
    names = names_of(
        (kind, int(number)) for kind, _, number in subjects if kind in NAMED and number.isdecimal()
    )
    return {"items": [_serialize(row, names) for row in page["items"]], "next": page["next"]}


def _serialize(row: Mapping[Any, Any], names: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    kind, _, about = row["subject"].partition(":")
    details = row["details"]
    outcomes = details.get("totals") or details
    return {name: row[name] for name in ("at", "actor", "act", "subject")} | {
        "kind": kind,
        "about": about,
        "name": names.get((kind, int(about))) if about.isdecimal() else None,
        "outcomes": {name: outcomes[name] for name in OUTCOMES if outcomes.get(name)},
        "communes": details.get("communes"),
        "digest": details.get("file") or details.get("digest"),
        "reason": details.get("reason"),
    }


@bp.page("/imports", ListQuerySchema)
def imports(query: dict[str, Any]) -> Any:
    """List imports, and link to the pages that start one."""
    return render_section("imports", query, listed=list_imports(actor(), query["cursor"], ROWS))
