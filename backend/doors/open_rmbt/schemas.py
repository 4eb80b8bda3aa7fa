"""Answers to the app Open-RMBT. Its requests have some hundred fields, of which few are read."""

from typing import Any

from marshmallow import Schema, fields

TEXTS: dict[str, Any] = {"metadata": {"description": "texts that the app shows; empty: success"}}


class RequestSchema(Schema):
    """A request of the app; docs/other-apps.md names the fields that are read."""

    uuid = fields.String(metadata={"description": "the app's own id, not read"})
    test_uuid = fields.String(metadata={"description": "of an earlier answer"})
    language = fields.String(metadata={"description": "of the texts: vi, otherwise English"})


class AnswerSchema(Schema):
    """Success, or the texts that the app shows."""

    error = fields.List(fields.String(), required=True, **TEXTS)


class SettingsSchema(AnswerSchema):
    """One object of settings."""

    settings = fields.List(fields.Dict())


class TestSchema(AnswerSchema):
    """A test: the measuring server, its token, and the address of the result."""

    test_uuid = fields.String(metadata={"description": "the ticket of the test"})
    open_test_uuid = fields.String()
    test_token = fields.String(metadata={"description": "for the measuring server"})
    test_server_name = fields.String()
    test_server_address = fields.String()
    test_server_port = fields.Integer()
    test_server_encryption = fields.Boolean()
    test_server_type = fields.String()
    test_duration = fields.String(metadata={"description": "seconds of each direction"})
    test_numthreads = fields.String()
    test_numpings = fields.String()
    test_wait = fields.String()
    client_remote_ip = fields.String()
    provider = fields.String(allow_none=True)
    result_url = fields.String()
    result_qos_url = fields.String()


class StoredSchema(AnswerSchema):
    """What became of a result; the app reads `error` alone."""

    outcome = fields.String(metadata={"enum": ["accepted", "duplicate", "conflict", "rejected"]})
    counted = fields.Boolean()
    assurance = fields.String()
    reasons = fields.List(fields.String(), metadata={"description": "codes of docs/rules.md"})


class ResultsSchema(AnswerSchema):
    """A stored result as the app shows it."""

    testresult = fields.List(fields.Dict())


class ListsSchema(AnswerSchema):
    """Whether samples of the app count; the device's samples."""

    news = fields.List(fields.Dict())
    history = fields.List(fields.Dict())


class ConnectionSchema(Schema):
    """What a person enters in the app as its control server."""

    host = fields.String(
        required=True, metadata={"description": "secret: it identifies the device"}
    )
    qr_svg = fields.String(required=True, metadata={"description": "`host` as a QR code"})
