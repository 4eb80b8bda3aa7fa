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


class CoverageSessionSchema(AnswerSchema):
    """A coverage session: its id, the server of its pings, and how long it may last."""

    test_uuid = fields.String()
    loop_uuid = fields.String()
    loop_test_counter = fields.Integer()
    client_remote_ip = fields.String()
    ip_version = fields.Integer()
    provider = fields.String(allow_none=True)
    ping_token = fields.String()
    ping_host = fields.String()
    ping_port = fields.String()
    max_coverage_session_seconds = fields.Integer()
    max_coverage_measurement_seconds = fields.Integer()


class FencesSchema(AnswerSchema):
    """Numbers of fences: stored or known ones, and skipped ones by reason; both are final."""

    processed = fields.Integer()
    skipped = fields.Integer()
    skipped_reasons = fields.Dict(keys=fields.String(), values=fields.Integer())


class ResultsSchema(AnswerSchema):
    """A stored result as the app shows it."""

    testresult = fields.List(fields.Dict())


class ListsSchema(AnswerSchema):
    """Empty lists: news and history are not offered."""

    news = fields.List(fields.Dict())
    history = fields.List(fields.Dict())


class ConnectionSchema(Schema):
    """What a person enters in the app as its control server."""

    host = fields.String(
        required=True, metadata={"description": "secret: it identifies the device"}
    )
    qr_svg = fields.String(required=True, metadata={"description": "`host` as a QR code"})
