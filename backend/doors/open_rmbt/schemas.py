"""Answers to the app Open-RMBT. Its requests have some hundred fields, of which few are read."""

from marshmallow import INCLUDE, Schema, fields


class RequestSchema(Schema):
    """A request of the app; docs/other-apps.md names the fields that are read."""

    uuid = fields.String(metadata={"description": "the app's own id, not read"})
    test_uuid = fields.String(metadata={"description": "of an earlier answer"})
    language = fields.String(metadata={"description": "of the texts: vi, otherwise English"})


class AnswerSchema(Schema):
    """Success, with what the protocol of the app names, or the texts that the app shows."""

    class Meta:
        unknown = INCLUDE

    error = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "texts that the app shows; empty: success"},
    )


class ConnectionSchema(Schema):
    """What a person enters in the app as its control server."""

    host = fields.String(
        required=True, metadata={"description": "secret: it identifies the device"}
    )
    qr_svg = fields.String(required=True, metadata={"description": "`host` as a QR code"})
