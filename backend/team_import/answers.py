"""The answer about an import of teams, in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.i18n.languages import Language
from backend.i18n.messages import message
from backend.team_import.rows import Remark, Row
from backend.team_import.service import Import

# What the file calls a field that a team's row names otherwise.
FIELDS = {"home_unit_id": "home_commune"}


def told(result: Import, language: Language) -> dict[str, Any]:
    """The answer of ImportSchema."""
    return {
        "dry_run": result.dry_run,
        "as_of": result.as_of,
        "read_as": result.table.how,
        "columns": list(result.table.header.at),
        "ignored_columns": list(result.table.header.ignored),
        "totals": result.totals,
        "rows": [_row(row, result.labels, language) for row in result.rows],
    }


def _row(row: Row, labels: Mapping[int, str], language: Language) -> dict[str, Any]:
    return {
        "line": row.line,
        "outcome": row.outcome,
        "name": row.name,
        "team_id": row.team.id if row.team else None,
        "changes": _changes(row, labels),
        "leader": row.leader,
        "errors": remarks(row.errors, language),
        "notes": remarks(row.notes, language),
    }


def _changes(row: Row, labels: Mapping[int, str]) -> dict[str, Any]:
    """Before and after of each field that changes; of a new team all that is set."""
    changes = row.changes
    if row.outcome == "create":
        changes = {name: (None, value) for name, value in row.values.items()}
    return {
        FIELDS.get(name, name): {"before": words[0], "after": words[1]}
        for name, values in changes.items()
        for words in [[labels[v] if name in FIELDS and v is not None else v for v in values]]
    }


def remarks(found: Sequence[Remark], language: Language) -> list[dict[str, Any]]:
    """Errors or notes with their words."""
    return [
        {
            "field": remark.field,
            "code": remark.code,
            "message": message(remark.code, language),
            "candidates": list(remark.candidates),
        }
        for remark in found
    ]
