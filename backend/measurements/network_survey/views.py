"""Endpoints of the app Network Survey, with the statuses and error codes that it understands."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from flask import Response, request, url_for

from backend.database.extensions import BEARER, db
from backend.devices import service as devices
from backend.errors import Problem
from backend.http.requests import Blueprint, bearer_token, clock_now, language, read_object
from backend.i18n.messages import message
from backend.measurements.imports.foreign_values import words
from backend.measurements.network_survey import service
from backend.measurements.network_survey.schemas import (
    AppEndedSchema,
    AppErrorSchema,
    AppRegisteredSchema,
    AppRegistrationSchema,
    AppStatusSchema,
    UploadedSchema,
    UploadSchema,
    WorkspaceSchema,
)
from backend.measurements.network_survey.service import WORKSPACE
from backend.measurements.radio.rules import DEVICE_HOURLY_MOST
from backend.measurements.radio.service import RadioContext
from backend.memberships.poster import inline_svg

blp = Blueprint("network_survey", __name__, description="Network Survey, an Android app")
blueprints = (blp,)

# The error code of the app and its status, by our status. 429 would cost each record one of the
# app's three attempts; after 402 it waits and loses none.
ERRORS = {
    401: (410, "REGISTRATION_INVALID", "app_registration_ended"),
    403: (403, "VIEWER_CANNOT_UPLOAD", "app_consent_outdated"),
    429: (402, "QUOTA_EXCEEDED", "app_quota_exceeded"),
}
REFUSALS = {
    402: "Too many records in an hour",
    403: "The consent is outdated, or the registration has ended",
    410: "The registration has ended",
}


def _for_app(view: Callable[..., Any]) -> Callable[..., Any]:
    """Answer problems that the app understands in its own form."""

    @wraps(view)
    def answer(*args: Any, **path: Any) -> Any:
        try:
            return view(*args, **path)
        except Problem as problem:
            if problem.status not in ERRORS:
                raise
            db.session.rollback()
            return _error(*ERRORS[problem.status], headers=dict(problem.headers))

    described: Callable[..., Any] = answer
    for status, description in REFUSALS.items():
        described = blp.alt_response(status, schema=AppErrorSchema, description=description)(
            described
        )
    return described


def _error(status: int, error_code: str, code: str, headers: dict[str, str]) -> Response:
    shown = message(code, language())
    body: dict[str, Any] = {"error": shown, "error_code": error_code, "message": shown}
    if error_code == "QUOTA_EXCEEDED":
        limit = {"current_usage": DEVICE_HOURLY_MOST, "max_records": DEVICE_HOURLY_MOST}
        page = url_for("do.apps", _external=True)
        body |= {**limit, "limit_type": "records_per_hour", "web_url": page}
    kept = {name: value for name, value in headers.items() if name == "Retry-After"}
    return Response(orjson.dumps(body), status, kept, content_type="application/json")


@blp.post("/devices/me/network-survey")
@blp.doc(security=BEARER)
@blp.response(200, WorkspaceSchema)
def connect_network_survey() -> dict[str, str]:
    """Get a workspace of the app for this device alone, as a QR code and as a link."""
    token = bearer_token()
    device = devices.authenticate(token, clock_now())
    workspace = service.workspace_of(token, device, request.url_root)
    content = json.dumps(workspace)
    return {
        "content": content,
        "qr_svg": inline_svg(content),
        "link": service.app_link(workspace),
    }


@blp.post("/device/register")
@blp.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": AppRegistrationSchema}},
    }
)
@blp.response(200, AppRegisteredSchema)
@_for_app
def register_app() -> dict[str, str]:
    """Register the app with a scanned workspace; its token ends the code at the first use."""
    device, token = service.register(words(read_object(), "token") or "", clock_now())
    return {
        "device_id": str(device.id),
        "device_token": token,
        "workspace_id": str(device.id),
        "workspace_name": WORKSPACE,
        "message": WORKSPACE,
    }


@blp.post("/device/upload")
@blp.doc(
    security=BEARER,
    requestBody={"required": True, "content": {"application/json": {"schema": UploadSchema}}},
)
@blp.response(200, UploadedSchema)
@_for_app
def upload_records() -> dict[str, Any]:
    """Send records; those of LTE and NR serving cells become radio samples, others are skipped."""
    device = devices.authenticate(bearer_token(), clock_now())
    context = RadioContext(clock_now(), source="network_survey", address=request.remote_addr or "")
    done = service.record_upload(device, read_object(), context)
    skipped = done.skipped.total()
    return {
        "batch_id": done.batch_id,
        "session_id": None,
        "status": "completed",
        "message": f"{done.processed} stored, {skipped} skipped",
        "processed": done.processed,
        "skipped": skipped,
        "failed": 0,
        "total_records": done.processed + skipped,
        "workspace_name": WORKSPACE,
        "skipped_reasons": dict(done.skipped),
    }


@blp.get("/device/status")
@blp.doc(security=BEARER)
@blp.response(200, AppStatusSchema)
@_for_app
def show_app_status() -> Any:
    """Show whether the registration of the app is valid."""
    try:
        device = devices.authenticate(bearer_token(), clock_now())
    except Problem:  # the app asks after an upload was refused, and reads this code alone
        return _error(403, "DEVICE_DEREGISTERED", "app_registration_ended", {})
    return {
        "device_id": str(device.id),
        "workspace_id": str(device.id),
        "workspace_name": WORKSPACE,
        "is_active": True,
        "last_seen": None,
        "total_records": None,
    }


@blp.delete("/device/deregister")
@blp.doc(security=BEARER)
@blp.response(200, AppEndedSchema)
@_for_app
def deregister_app() -> dict[str, Any]:
    """End the registration; samples stay until the person withdraws by the code."""
    return _end()


@blp.post("/device/unregister")
@blp.doc(security=BEARER)
@blp.response(200, AppEndedSchema)
@_for_app
def unregister_app() -> dict[str, Any]:
    """End the registration, as newer versions of the app ask for it."""
    return _end()


def _end() -> dict[str, Any]:
    service.deregister(bearer_token(), clock_now())
    return {"success": True, "message": message("app_ended", language())}
