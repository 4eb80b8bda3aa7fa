"""Schemas of measurements as phones send them, and of the answers."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from backend.compiled import Compiled
from backend.fields import AwareTime, Flag, Number, Object, Strict, Text, Whole, schema_of
from backend.http.paging import MAX_CURSOR, page_of
from backend.measurements.recording.answers import (
    Attribution,
    BatchResult,
    CheckResult,
    NotEarned,
    NotePlace,
    OwnMeasurement,
    OwnPlace,
    ReasonMessage,
    Result,
)
from backend.measurements.recording.requirements import REQUIRED
from backend.witness.statements import MAX_TOKEN

# Beyond these a value is a broken field, not a poor measurement.
MBPS, MS, PERCENT = (0, 1_000_000), (0, 3_600_000), (0, 100)
# A ping during a transfer takes no longer than the transfer.
LOADED_MS = (0, 60_000)
MAX_CAP_MB = 100_000
OPTIONAL: dict[str, Any] = {"allow_none": True}
STABILITY = (
    "10th percentile of the rates in windows of 100 ms of the {}, without the first 200 ms,"
    " in percent of their 90th percentile"
)


class NetworkSchema(Strict):
    """The network that the test ran over."""

    kind = Text(choices=("mobile", "wifi", "ethernet", "unknown"), required=True)
    technology = Text(20, **OPTIONAL)
    mcc = Text(10, **OPTIONAL)
    mnc = Text(10, **OPTIONAL)
    operator = Text(100, **OPTIONAL)
    signal_dbm = Number(-200, 100, **OPTIONAL)
    roaming = Flag(**OPTIONAL)


class LocationSchema(Strict):
    """Position reported by the phone; a poor one is stored and judged, not rejected."""

    latitude = Number(-90, 90, required=True)
    longitude = Number(-180, 180, required=True)
    accuracy_m = Number(-1_000_000, 100_000_000, **OPTIONAL)
    provider = Text(50, **OPTIONAL)
    is_mock = Flag(**OPTIONAL)
    fixed_at = AwareTime(**OPTIONAL)


class ServerSchema(Strict):
    """The server of the speed test."""

    id = Text(100, **OPTIONAL)
    name = Text(200, **OPTIONAL)


class CellSchema(Strict):
    """The radio cell."""

    type = Text(20, **OPTIONAL)
    identity = Whole(0, 2**53, **OPTIONAL)
    physical_id = Whole(0, 100_000, **OPTIONAL)
    band = Text(20, **OPTIONAL)
    rsrp_dbm = Number(-250, 100, **OPTIONAL)
    rsrq_db = Number(-250, 100, **OPTIONAL)
    sinr_db = Number(-250, 250, **OPTIONAL)


class StatementsSchema(Strict):
    """The ticket of the test, and the witness of its measuring host."""

    ticket = Text(MAX_TOKEN, required=True)
    witness = Text(MAX_TOKEN, **OPTIONAL)


class MeasurementSchema(Compiled):
    """One speed test."""

    id = Text(100, required=True, metadata={"format": "uuid", "description": "chosen by the phone"})
    measured_at = AwareTime(required=True, metadata={"description": "start of the test"})
    status = Text(choices=("finished", "failed", "aborted"), required=True)
    download_mbps = Number(*MBPS, **OPTIONAL)
    upload_mbps = Number(*MBPS, **OPTIONAL)
    ping_ms = Number(*MS, **OPTIONAL)
    jitter_ms = Number(*MS, **OPTIONAL)
    ping_download_ms = Number(
        *LOADED_MS,
        **OPTIONAL,
        metadata={"description": "median of the pings that ran during the download"},
    )
    ping_upload_ms = Number(
        *LOADED_MS,
        **OPTIONAL,
        metadata={"description": "median of the pings that ran during the upload"},
    )
    download_stability_percent = Number(
        *PERCENT, **OPTIONAL, metadata={"description": STABILITY.format("download")}
    )
    upload_stability_percent = Number(
        *PERCENT, **OPTIONAL, metadata={"description": STABILITY.format("upload")}
    )
    network = Object(NetworkSchema, required=True)
    location = Object(LocationSchema, required=True, allow_none=True)
    server = Object(ServerSchema, **OPTIONAL)
    cell = Object(CellSchema, **OPTIONAL)
    app_version = Text(50, **OPTIONAL)
    source = Text(choices=("app", "manual"), **OPTIONAL)
    operator_source = Text(choices=("network", "user"), **OPTIONAL)
    isp = Text(200, **OPTIONAL)
    vpn = Flag(**OPTIONAL)
    metered = Flag(**OPTIONAL)
    loss_percent = Number(*PERCENT, **OPTIONAL)
    data_used_mb = Number(0, 1_000_000, **OPTIONAL)
    data_cap_mb = Whole(
        1,
        MAX_CAP_MB,
        **OPTIONAL,
        metadata={"description": "the most data of the test, if limited"},
    )
    duration_s = Number(0, 86_400, **OPTIONAL)
    speed_mps = Number(-1, 1_000, **OPTIONAL)
    altitude_m = Number(-1_000, 100_000, **OPTIONAL)
    battery_percent = Number(*PERCENT, **OPTIONAL)
    comment = Text(1_000, **OPTIONAL)
    test = Object(StatementsSchema, **OPTIONAL)

    @validates_schema
    def finished_has_values(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require the values of a finished test."""
        if data["status"] != "finished":
            return
        names = ("download_mbps", "upload_mbps", "ping_ms")
        missing = {name: ["required"] for name in names if data.get(name) is None}
        if missing:
            raise ValidationError(missing)


class BatchSchema(Strict):
    """One to 500 measurements at once; `sent_at` belongs to the attempt."""

    measurements = fields.List(fields.Nested(MeasurementSchema), required=True)
    sent_at = AwareTime(**OPTIONAL)


ReasonSchema = schema_of(ReasonMessage, "", Strict)
NotePlaceSchema = schema_of(NotePlace, "", Strict)
OwnPlaceSchema = schema_of(OwnPlace, "", Strict)
AttributionSchema = schema_of(Attribution, "", Strict)
NotEarnedSchema = schema_of(NotEarned, "", Strict)
ResultSchema = schema_of(Result, "", Strict)
BatchResultSchema = schema_of(BatchResult, "", Strict)
OwnMeasurementSchema = schema_of(OwnMeasurement, "", Strict)
OwnPageSchema = page_of(OwnMeasurementSchema, "OwnPage")  # newest first


class PageQuerySchema(Strict):
    """Cursor and size of a page."""

    cursor = Text(most=MAX_CURSOR, load_default=None)
    limit = fields.Integer(load_default=100, error_messages={"invalid": "not_whole"})


class CheckSchema(Strict):
    """Ids to check, up to 1,000."""

    ids = fields.List(fields.String(), required=True)


CheckResultSchema = schema_of(CheckResult, "", Strict)


class NextRequirementSchema(Strict):
    """A requirement that is decided and begins later."""

    counts_from = Text(choices=REQUIRED, required=True)
    from_ = fields.DateTime(data_key="from", required=True)


class RulesSchema(Strict):
    """The rules that judge a sample that is received now."""

    rules = fields.Integer(required=True, metadata={"description": "the rule set"})
    counts_from = Text(
        choices=REQUIRED,
        required=True,
        metadata={"description": "the least assurance of a sample that counts"},
    )
    since = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "null: never chosen"}
    )
    next = fields.Nested(NextRequirementSchema, required=True, allow_none=True)
    note = fields.String(
        required=True, allow_none=True, metadata={"description": "to be shown beside figures"}
    )
