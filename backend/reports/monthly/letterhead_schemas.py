"""Schemas of letterheads."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates

from backend.fields import Day, Many, Strict, Text
from backend.organisations.names import normalised
from backend.organisations.schemas import Name
from backend.units.catalogue import LEVELS
from backend.units.schemas import UnitNameSchema

# More lines do not fit on an A4 page.
RECIPIENTS_MOST = 20
COPIES_MOST = 20
# TM., KT. and the title of the signer.
TITLES_MOST = 3
SYMBOL_MOST = 50
# Prefixes of signing for another (Decree 30/2020/NĐ-CP, annex I, part II, 7).
PREFIXES = ("TM.", "KT.", "TL.", "TUQ.", "Q.")


class Line(Text):
    """A line of a letter, normalised, of at least one character."""

    def __init__(self, most: int = 200, **options: Any) -> None:
        super().__init__(most=most, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        line = normalised(super()._deserialize(value, *args, **kwargs))
        if not line:
            raise ValidationError("blank")
        return line


class LetterheadQuerySchema(Strict):
    """The level, for a code that names two units."""

    level = Text(choices=LEVELS, load_default=None)


class LetterheadOnQuerySchema(LetterheadQuerySchema):
    """The day, default today."""

    as_of = Day(load_default=None)


class LetterheadChangeSchema(Strict):
    """A letterhead and the day from which it is valid, default today."""

    valid_from = Day(load_default=None, allow_none=True)
    superior = Line(required=True, allow_none=True)
    agency = Line(required=True)
    symbol = Line(most=SYMBOL_MOST, required=True, metadata={"example": "SKHCN-BCVT"})
    place = Name(required=True)
    recipients = Many(Line(), 1, RECIPIENTS_MOST, required=True)
    titles = Many(
        Line(),
        1,
        TITLES_MOST,
        required=True,
        metadata={
            "description": "The lines above the signature; all but the last begin with TM., KT., "
            "TL., TUQ. or Q.",
            "example": ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
        },
    )
    signer = Line(required=True, allow_none=True)
    copies = Many(Line(), 1, COPIES_MOST, required=True)

    @validates("titles")
    def _check_prefixes(self, titles: list[str], data_key: str) -> None:
        if not all(line.startswith(PREFIXES) for line in titles[:-1]):
            raise ValidationError("not_for_another")


class LetterheadUnitSchema(UnitNameSchema):
    """The unit of a letterhead."""

    system = fields.String(required=True)
    level = fields.String(required=True)


class LetterheadSchema(Schema):
    """A letterhead; `valid_from` is null for the default one."""

    unit = fields.Nested(LetterheadUnitSchema, required=True)
    valid_from = fields.Date(required=True, allow_none=True)
    version = fields.Integer(required=True)
    superior = fields.String(required=True, allow_none=True)
    agency = fields.String(required=True)
    symbol = fields.String(required=True)
    place = fields.String(required=True)
    recipients = fields.List(fields.String(), required=True)
    titles = fields.List(fields.String(), required=True)
    signer = fields.String(required=True, allow_none=True)
    copies = fields.List(fields.String(), required=True)
