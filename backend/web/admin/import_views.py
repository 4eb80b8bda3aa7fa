"""The page of imports, read from the audit log."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from backend.accounts.access import Actor
from backend.accounts.audit import read_acts
from backend.accounts.authentication import actor
from backend.campaigns.models import Campaign
from backend.database.extensions import db
from backend.organisations.models import Organisation
from backend.web.admin.blueprint import bp, render_section
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
NAMED: dict[str, Any] = {"organisation": Organisation, "campaign": Campaign}
# Outcomes of rows in the details of the acts.
OUTCOMES = (
    "create", "update", "unchanged", "error", "accepted", "duplicate", "conflict", "rejected",
)  # fmt: skip


def list_imports(actor: Actor, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return a page of imports, the latest first."""
    page = read_acts(actor, ACTS, cursor, limit)
    names = _names(row["subject"] for row in page["items"])
    return {"items": [_serialize(row, names) for row in page["items"]], "next": page["next"]}


def _serialize(row: Mapping[Any, Any], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    kind, _, about = row["subject"].partition(":")
    details = row["details"]
    outcomes = details.get("totals") or details
    return {name: row[name] for name in ("at", "actor", "act", "subject")} | {
        "kind": kind,
        "about": about,
        "name": names.get((kind, about)),
        "outcomes": {name: outcomes[name] for name in OUTCOMES if outcomes.get(name)},
        "communes": details.get("communes"),
        "digest": details.get("file") or details.get("digest"),
        "reason": details.get("reason"),
    }


def _names(subjects: Iterable[str]) -> dict[tuple[str, str], str]:
    """Return the names of the subjects that still exist."""
    wanted: dict[str, set[int]] = {}
    for kind, _, about in (subject.partition(":") for subject in subjects):
        if kind in NAMED and about.isdecimal():
            wanted.setdefault(kind, set()).add(int(about))
    return {
        (kind, str(row.id)): row.name
        for kind, ids in wanted.items()
        for row in db.session.execute(
            select(NAMED[kind].id, NAMED[kind].name).where(NAMED[kind].id.in_(ids))
        )
    }


@bp.page("/imports", ListQuerySchema)
def imports(query: dict[str, Any]) -> Any:
    """List imports, and link to the pages that start one."""
    return render_section("imports", query, listed=list_imports(actor(), query["cursor"], ROWS))
