"""Requests and answers of the import of teams."""

from marshmallow import Schema, fields, validate

from backend.fields import Strict, Text
from backend.tables.schemas import FormatSchema, RemarkSchema, TotalsSchema
from backend.tables.sheet_import import OUTCOMES


class TemplateQuerySchema(Strict):
    """The format of the template."""

    format = Text(choices=("xlsx", "csv"), load_default="xlsx")


class ChangeSchema(Schema):
    """A field of a team before and after."""

    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class ImportRowSchema(Schema):
    """The effect of one row, or its errors."""

    line = fields.Integer(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    name = fields.String(required=True)
    team_id = fields.Integer(required=True, allow_none=True)
    changes = fields.Dict(keys=fields.String(), values=fields.Nested(ChangeSchema), required=True)
    leader = fields.String(required=True, allow_none=True)
    errors = fields.List(fields.Nested(RemarkSchema), required=True)
    notes = fields.List(fields.Nested(RemarkSchema), required=True)


class ImportSchema(Schema):
    """The effect of a file of teams."""

    dry_run = fields.Boolean(required=True)
    as_of = fields.Date(required=True)  # the day of the communes
    read_as = fields.Nested(FormatSchema, required=True)
    columns = fields.List(fields.String(), required=True)
    ignored_columns = fields.List(fields.String(), required=True)
    totals = fields.Nested(TotalsSchema, required=True)
    rows = fields.List(fields.Nested(ImportRowSchema), required=True)
