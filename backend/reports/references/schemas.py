"""Schemas of the documents that letters answer."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from backend.fields import CODES, Day, Strict, Text, schema_of
from backend.organisations.names import normalised
from backend.reports.references.service import LetterDocument, LetterDocuments
from backend.units.catalogue import LEVELS

MAX_TYPE, MAX_NUMBER, MAX_SYMBOL, MAX_ISSUER, MAX_ABOUT = 50, 20, 50, 200, 500


class Line(Text):
    """A line of a letter, normalised, of at least one character."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = normalised(super()._deserialize(value, *args, **kwargs))
        if not text:
            raise ValidationError("blank")
        return text


class LevelQuerySchema(Strict):
    """The level, for a code that names two units."""

    level = Text(choices=LEVELS, load_default=None)


class LetterDocumentChangeSchema(Strict):
    """A document, and whether the office confirms that its letters answer it."""

    type = Line(MAX_TYPE, required=True, metadata={"example": "Công văn"})
    number = Line(MAX_NUMBER, required=True, metadata={"example": "5691"})
    symbol = Line(MAX_SYMBOL, required=True, metadata={"example": "BTTTT-CVT"})
    issued_on = Day(required=True)
    issuer = Line(MAX_ISSUER, required=True)
    about = Line(MAX_ABOUT, load_default=None, allow_none=True)
    confirmed = fields.Boolean(load_default=False, error_messages=CODES)

    @validates_schema
    def _check_subject(self, data: dict[str, Any], **options: Any) -> None:
        if data.get("confirmed") and not data.get("about"):
            raise ValidationError({"about": ["required"]})


LetterDocumentSchema = schema_of(LetterDocument, "Letter")
LetterDocumentsSchema = schema_of(LetterDocuments, "Letter")
