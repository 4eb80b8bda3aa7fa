"""The answer about an import of teams, in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.team_import.rows import ImportResult, Remark, Row

# Columns of teams whose field in the file has another name.
FIELDS = {"home_unit_id": "home_commune"}


def serialize_import(result: ImportResult, language: Language) -> dict[str, Any]:
    """Return the answer of ImportSchema."""
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
        "errors": serialize_remarks(row.errors, language),
        "notes": serialize_remarks(row.notes, language),
    }


def _changes(row: Row, labels: Mapping[int, str]) -> dict[str, Any]:
    """Return each changed field before and after; all set fields of a new team."""
    changes = row.changes
    if row.outcome == "create":
        changes = {name: (None, value) for name, value in row.values.items()}
    return {
        FIELDS.get(name, name): {"before": texts[0], "after": texts[1]}
        for name, values in changes.items()
        for texts in [[labels[v] if name in FIELDS and v is not None else v for v in values]]
    }


def serialize_remarks(remarks: Sequence[Remark], language: Language) -> list[dict[str, Any]]:
    """Return errors or notes with their messages."""
    return [
        {
            "field": remark.field,
            "code": remark.code,
            "message": message(remark.code, language),
            "candidates": list(remark.candidates),
        }
        for remark in remarks
    ]
