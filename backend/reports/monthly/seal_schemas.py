"""Answers about seals."""

from marshmallow import Schema, fields

from backend.organisations.fields import UnitBriefSchema
from backend.reports.monthly.schemas import ReportApprovedSchema, SealSchema


class SealKeySchema(Schema):
    """A key's public half: Ed25519, 32 bytes in hexadecimal."""

    number = fields.Integer(required=True)
    algorithm = fields.String(required=True)
    public_key = fields.String(required=True)
    first_used_at = fields.AwareDateTime(required=True)


class SealKeysSchema(Schema):
    """Every key that seals or once sealed."""

    items = fields.List(fields.Nested(SealKeySchema), required=True)


class SealedReportSchema(Schema):
    """Whose report was sealed."""

    id = fields.Integer(required=True)
    unit = fields.Nested(UnitBriefSchema, required=True)
    month = fields.String(required=True)
    edition = fields.Integer(required=True)
    state = fields.String(required=True)
    demo = fields.Boolean(required=True)
    approved = fields.Nested(ReportApprovedSchema, required=True)
    superseded_at = fields.AwareDateTime(required=True, allow_none=True)


class SealWithKeySchema(SealSchema):
    """A seal with the public key that checks it."""

    public_key = fields.String(required=True)


class CheckedSchema(Schema):
    """What has a digest (`of`: a file's name, or `figures`), and whether its seal holds."""

    digest = fields.String(required=True)
    of = fields.String(required=True)
    valid = fields.Boolean(required=True)
    report = fields.Nested(SealedReportSchema, required=True)
    seal = fields.Nested(SealWithKeySchema, required=True)
