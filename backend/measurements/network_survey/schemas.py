"""Requests of the app Network Survey, and its answers."""

from marshmallow import Schema, fields


class AppRegistrationSchema(Schema):
    """The code that the app scanned; what it tells of the phone is not stored."""

    token = fields.String(required=True, metadata={"description": "of the QR code"})


class AppRegisteredSchema(Schema):
    """The app's token, which ends the QR code at its first use."""

    device_id = fields.String(required=True)
    device_token = fields.String(required=True)
    workspace_id = fields.String(required=True)
    workspace_name = fields.String(required=True)
    message = fields.String(required=True)


class RecordBatchSchema(Schema):
    """Records of one type."""

    type = fields.String(required=True, metadata={"description": "lte or nr; others are skipped"})
    messages = fields.List(fields.Dict(), required=True)


class UploadSchema(Schema):
    """An upload of the app."""

    device_token = fields.String()
    batch_id = fields.String()
    records = fields.List(fields.Nested(RecordBatchSchema), required=True)


class UploadedSchema(Schema):
    """Numbers of records; skipped ones are final, failed ones are sent again."""

    batch_id = fields.String(required=True, allow_none=True)
    session_id = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": ["completed"]})
    message = fields.String(required=True)
    processed = fields.Integer(required=True)
    skipped = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    total_records = fields.Integer(required=True)
    workspace_name = fields.String(required=True)
    skipped_reasons = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True,
        metadata={"description": "by code; the app does not read it"},
    )  # fmt: skip


class AppStatusSchema(Schema):
    """The state of a registration."""

    device_id = fields.String(required=True)
    workspace_id = fields.String(required=True)
    workspace_name = fields.String(required=True)
    is_active = fields.Boolean(required=True)
    last_seen = fields.String(required=True, allow_none=True)
    total_records = fields.Integer(required=True, allow_none=True)


class AppEndedSchema(Schema):
    """The end of a registration."""

    success = fields.Boolean(required=True)
    message = fields.String(required=True)


class AppErrorSchema(Schema):
    """A refusal as the app reads it."""

    error = fields.String(required=True)
    error_code = fields.String(
        required=True,
        metadata={
            "enum": [
                "INVALID_TOKEN",
                "QUOTA_EXCEEDED",
                "VIEWER_CANNOT_UPLOAD",
                "DEVICE_DEREGISTERED",
                "REGISTRATION_INVALID",
            ]
        },
    )
    message = fields.String(required=True)
    current_usage = fields.Integer(metadata={"description": "of QUOTA_EXCEEDED"})
    max_records = fields.Integer()
    limit_type = fields.String()
    web_url = fields.String()


class WorkspaceSchema(Schema):
    """A workspace for one device, as the app reads it."""

    content = fields.String(
        required=True, metadata={"description": "JSON: token, workspace_id, api_url; secret"}
    )
    qr_svg = fields.String(required=True, metadata={"description": "`content` as a QR code"})
    link = fields.String(
        required=True, metadata={"description": "opens the app on the phone that shows it"}
    )
