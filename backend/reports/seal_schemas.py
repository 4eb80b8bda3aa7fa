"""Answers about seals."""

from marshmallow import Schema, fields


class SealKeySchema(Schema):
    """A key's public half: Ed25519, 32 bytes in hexadecimal."""

    number = fields.Integer(required=True)
    algorithm = fields.String(required=True)
    public_key = fields.String(required=True)
    first_used_at = fields.AwareDateTime(required=True)


class SealKeysSchema(Schema):
    """Every key that seals or once sealed."""

    items = fields.List(fields.Nested(SealKeySchema), required=True)
