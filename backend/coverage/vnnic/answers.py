"""The answer about an import of VNNIC's counts, in the reader's language."""

from typing import Any

from backend.coverage.vnnic.importer import Import
from backend.coverage.vnnic.matching import Row
from backend.i18n.languages import Language
from backend.team_import.answers import remarks


def told(result: Import, language: Language) -> dict[str, Any]:
    """An import in the reader's language."""
    return {
        "dry_run": result.dry_run,
        "month": result.about.month,
        "network": result.about.network,
        "level": result.read.level,
        "source": result.read.source,
        "read_as": result.read.how,
        "columns": result.read.columns,
        "ignored_columns": list(result.read.ignored),
        "totals": result.totals,
        "rows": [_row(row, language) for row in result.rows],
    }


def _row(row: Row, language: Language) -> dict[str, Any]:
    return {
        "line": row.line,
        "outcome": row.outcome,
        "name": row.name,
        "unit": row.place.label if row.place else None,
        "samples": row.values["samples"],
        "errors": remarks(row.errors, language),
        "notes": remarks(row.notes, language),
    }
