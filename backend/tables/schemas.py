"""Requests and answers of imports of sheets."""

from marshmallow import Schema, fields, validate

from backend.fields import Strict, Text
from backend.tables.sheet_import import OUTCOMES
from backend.tables.spreadsheets import XLSX

# The media type of a CSV file depends on the installed programs: with Excel it is that of Excel
# files. The content decides. Not text/plain: a form of a foreign page could send it.
MEDIA_TYPES = ("text/csv", XLSX, "application/vnd.ms-excel", "text/tab-separated-values")
FILE = {"schema": {"type": "string", "format": "binary"}}
BODY = {"required": True, "content": dict.fromkeys(MEDIA_TYPES, FILE)}


class ImportQuerySchema(Strict):
    """Whether to write; by default nothing is written."""

    dry_run = Text(choices=("true", "false"), load_default="true")


class RemarkSchema(Schema):
    """An error or a note about one field, with candidates for its value."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)
    candidates = fields.List(fields.String(), required=True)


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
