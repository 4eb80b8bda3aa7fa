"""What the import of teams takes and answers."""

from marshmallow import Schema, fields, validate

from backend.fields import Strict, Text
from backend.tables.spreadsheets import XLSX

# What browsers call a CSV file depends on which programs are installed: on a Windows with Excel
# it is an Excel file. The content decides. Not text/plain: a form of a foreign page could send it.
TAKEN = ("text/csv", XLSX, "application/vnd.ms-excel", "text/tab-separated-values")
FILE = {"schema": {"type": "string", "format": "binary"}}
BODY = {"required": True, "content": dict.fromkeys(TAKEN, FILE)}
OUTCOMES = ("create", "update", "unchanged", "error")


class TemplateQuerySchema(Strict):
    """In which form a template is wanted."""

    format = Text(choices=("xlsx", "csv"), load_default="xlsx")


class ImportQuerySchema(Strict):
    """Whether to write; without a word nothing is written."""

    dry_run = Text(choices=("true", "false"), load_default="true")


class RemarkSchema(Schema):
    """An error or a note about one field, with what may have been meant."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)
    candidates = fields.List(fields.String(), required=True)


class ChangeSchema(Schema):
    """A field of a team before and after."""

    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class ImportRowSchema(Schema):
    """What one row does, or why it can do nothing."""

    line = fields.Integer(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    name = fields.String(required=True)
    team_id = fields.Integer(required=True, allow_none=True)
    changes = fields.Dict(keys=fields.String(), values=fields.Nested(ChangeSchema), required=True)
    leader = fields.String(required=True, allow_none=True)
    errors = fields.List(fields.Nested(RemarkSchema), required=True)
    notes = fields.List(fields.Nested(RemarkSchema), required=True)


class TotalsSchema(Schema):
    """How many rows do what."""

    rows = fields.Integer(required=True)
    create = fields.Integer(required=True)
    update = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    error = fields.Integer(required=True)


class HowSchema(Schema):
    """How the file was read."""

    format = fields.String(required=True, validate=validate.OneOf(("csv", "xlsx")))
    encoding = fields.String()
    delimiter = fields.String()
    sheet = fields.String()


class ImportSchema(Schema):
    """What a file of teams does, or did."""

    dry_run = fields.Boolean(required=True)
    as_of = fields.Date(required=True)  # the day whose communes were looked through
    read_as = fields.Nested(HowSchema, required=True)
    columns = fields.List(fields.String(), required=True)
    ignored_columns = fields.List(fields.String(), required=True)
    totals = fields.Nested(TotalsSchema, required=True)
    rows = fields.List(fields.Nested(ImportRowSchema), required=True)
