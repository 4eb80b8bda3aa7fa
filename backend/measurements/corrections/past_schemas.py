"""What the import of past memberships answers."""

from typing import Any

from marshmallow import Schema, fields, validate

from backend.i18n.languages import Language
from backend.measurements.corrections.past_memberships import Imported
from backend.measurements.corrections.schemas import TeamWorthSchema
from backend.team_import.answers import remarks
from backend.team_import.schemas import HowSchema, RemarkSchema

OUTCOMES = ("create", "unchanged", "error")


class PastRowSchema(Schema):
    """What one row does, or why it can do nothing."""

    line = fields.Integer(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    number = fields.Integer(required=True, allow_none=True)
    team_id = fields.Integer(required=True, allow_none=True)
    since = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    until = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    errors = fields.List(fields.Nested(RemarkSchema), required=True)


class PastTotalsSchema(Schema):
    """How many rows do what."""

    rows = fields.Integer(required=True)
    create = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    error = fields.Integer(required=True)


class MovedSchema(Schema):
    """How many earnings changed, and what each team has of the campaign before and after."""

    changed = fields.Integer(required=True)
    before = fields.List(fields.Nested(TeamWorthSchema), required=True)
    after = fields.List(fields.Nested(TeamWorthSchema), required=True)


class PastSchema(Schema):
    """What a file of past memberships does, or did."""

    dry_run = fields.Boolean(required=True)
    read_as = fields.Nested(HowSchema, required=True)
    columns = fields.List(fields.String(), required=True)
    ignored_columns = fields.List(fields.String(), required=True)
    totals = fields.Nested(PastTotalsSchema, required=True)
    rows = fields.List(fields.Nested(PastRowSchema), required=True)
    moved = fields.Nested(MovedSchema, required=True, allow_none=True)


def told(result: Imported, language: Language) -> dict[str, Any]:
    """The answer of PastSchema, in the reader's language."""
    header = result.table.header
    return {
        "dry_run": result.dry_run,
        "read_as": result.table.how,
        "columns": list(header.at),
        "ignored_columns": list(header.ignored),
        "totals": result.totals,
        "rows": [
            {
                "line": row.line,
                "outcome": row.outcome,
                "number": row.number,
                "team_id": row.team,
                "since": row.since and row.since.isoformat(),
                "until": row.until and row.until.isoformat(),
                "errors": remarks(row.errors, language),
            }
            for row in result.rows
        ],
        "moved": result.moved,
    }
