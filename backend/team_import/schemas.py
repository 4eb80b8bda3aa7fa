"""Requests and answers of the import of teams."""

from marshmallow import Schema, fields, validate

from backend.fields import Strict, Text
from backend.tables.spreadsheets import XLSX
from backend.team_import.rows import OUTCOMES

# The media type of a CSV file depends on the installed programs: with Excel it is that of Excel
# files. The content decides. Not text/plain: a form of a foreign page could send it.
MEDIA_TYPES = ("text/csv", XLSX, "application/vnd.ms-excel", "text/tab-separated-values")
FILE = {"schema": {"type": "string", "format": "binary"}}
BODY = {"required": True, "content": dict.fromkeys(MEDIA_TYPES, FILE)}


class TemplateQuerySchema(Strict):
    """The format of the template."""

    format = Text(choices=("xlsx", "csv"), load_default="xlsx")


class ImportQuerySchema(Strict):
    """Whether to write; by default nothing is written."""

    dry_run = Text(choices=("true", "false"), load_default="true")


class RemarkSchema(Schema):
    """An error or a note about one field, with candidates for its value."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)
    candidates = fields.List(fields.String(), required=True)


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


# The number of rows by outcome.
TotalsSchema = Schema.from_dict(
    {name: fields.Integer(required=True) for name in ("rows", *OUTCOMES)}, name="TotalsSchema"
)


class FormatSchema(Schema):
    """The format in which the file was read."""

    format = fields.String(required=True, validate=validate.OneOf(("csv", "xlsx")))
    encoding = fields.String()
    delimiter = fields.String()
    sheet = fields.String()


class ImportSchema(Schema):
    """The effect of a file of teams."""

    dry_run = fields.Boolean(required=True)
    as_of = fields.Date(required=True)  # the day of the communes
    read_as = fields.Nested(FormatSchema, required=True)
    columns = fields.List(fields.String(), required=True)
    ignored_columns = fields.List(fields.String(), required=True)
    totals = fields.Nested(TotalsSchema, required=True)
    rows = fields.List(fields.Nested(ImportRowSchema), required=True)
