"""Validate measurements as received and derive the stored row, before the verdict."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, cast, get_args
from uuid import UUID

from marshmallow import ValidationError

from backend.clock import local_day
from backend.errors import FieldError
from backend.fields import storable
from backend.measurements.recording import bodies, rules
from backend.measurements.recording.bodies import SCHEMA
from backend.measurements.recording.intake import clock_error, receive
from backend.measurements.recording.reasons import CAPPED, SPEEDS, STATEMENT_MARKS
from backend.measurements.recording.rows import (
    DerivedColumns,
    PlaceColumns,
    Positioned,
    ReceivedRow,
    SampleBody,
    SampleContent,
    SampleItem,
    SampleRow,
    TimelineRow,
)
from backend.units.locator import Locator, UnitLocation
from backend.witness.assurance import Assurance, Statements
from backend.witness.verification import StatementVerifier
from geo.fix import position_problem

# Latency and stability of the line under load, which few clients measure.
Loaded = Literal[
    "ping_download_ms", "ping_upload_ms", "download_stability_percent", "upload_stability_percent"
]  # fmt: skip
LOADED: tuple[Loaded, ...] = get_args(Loaded)

# The part of a cap that the largest transfer of a direction has at least, and the most that any has
# in MB (backend/static/do/connection-test.js).
LARGEST_SHARE = {"download_mbps": 0.49, "upload_mbps": 0.33}
MAX_TRANSFER_MB = 50
# A transfer waits one round trip for its first byte, so it reads too low by that part of its time:
# at most 5 % if it takes this many round trips (docs/measuring.md has the measurement).
MIN_ROUND_TRIPS = 20
# Shorter transfers say more about the phone's processor than about the line.
MIN_TRANSFER_S = 0.4


@dataclass(frozen=True, slots=True)
class ReceiptContext:
    """Facts about the receipt of measurements that are not part of their content."""

    received_at: datetime
    sent_at: datetime | None = None
    accept_old: bool = False  # imports may be of any age
    archived: Collection[str] = ()  # months that take no imports
    count_manual: bool = False
    has_device: bool = True
    count_without_device: bool = False  # decided by an admin, audited
    source: str = "app"  # default of measurements without a source
    # Of measurements without tickets, by id; only the demo states them.
    assurances: Mapping[UUID, Assurance] = field(default_factory=dict)


class Position(NamedTuple):
    """Day and point at which the commune of a measurement is looked up."""

    day: date
    longitude: float
    latitude: float
    accuracy_m: float


def prepare(
    batches: Sequence[tuple[Sequence[Any], ReceiptContext]],
    locator: Locator,
    key: str,
    verifier: StatementVerifier | None = None,
) -> list[SampleItem]:
    """Compute everything that follows from each item alone; `key` is the key of content digests."""
    sent = [
        (parse_item(raw, receipt.received_at, key), receipt)
        for raws, receipt in batches
        for raw in raws
    ]
    readable = [(item, receipt) for item, receipt in sent if not item.errors]
    rows = []
    for item, receipt in readable:
        item.statements = _verify(item, receipt, verifier)
        row = row_of(item, receipt)
        rows.append(row)
        if outside := outside_time(row, receipt):
            item.refusal = FieldError("measured_at", outside)
        elif f"{row['day']:%Y-%m}" in receipt.archived:
            item.refusal = FieldError("measured_at", "month_archived")
    places = places_of(rows, locator)
    for (item, receipt), row, placed in zip(readable, rows, places, strict=True):
        item.placed = placed
        derived = derived_columns(row, item.loaded, placed, receipt)
        item.row = cast(SampleRow, {**row, "id": item.id, **derived})
    return [item for item, _ in sent]


def _verify(
    item: SampleItem, receipt: ReceiptContext, verifier: StatementVerifier | None
) -> Statements | None:
    """Verify the statements of an app's sample; those of other samples prove nothing."""
    test = item.loaded.get("test")
    source = item.loaded.get("source") or receipt.source
    if test is None or verifier is None or source != "app" or not receipt.has_device:
        return None
    return verifier.verify(test["ticket"], test.get("witness"))


def parse_item(raw: Any, received_at: datetime, key: str) -> SampleItem:
    """Validate one measurement against the schema; `key` is the key of content digests."""
    item = SampleItem(raw, received_at)
    receive(item, SCHEMA, key, _limit_size)
    return item


def _limit_size(item: SampleItem) -> tuple[()]:
    """Limit the unknown fields of a large body; ValidationError if it is too large even so."""
    assert isinstance(item.raw, dict)
    size = len(storable(item.raw).encode())
    if size > bodies.MAX_SAMPLE:
        raise ValidationError({bodies.largest_field(item.raw): ["sample_too_large"]})
    if size > bodies.MAX_UNKNOWN:
        item.raw = bodies.limit_unknown(item.raw)
    return ()


def row_of(item: SampleItem, receipt: ReceiptContext) -> ReceivedRow:
    """Return the columns derived from content and receipt, without place and verdict."""
    loaded = item.loaded
    network = loaded["network"]
    location = loaded["location"]
    kind = network["kind"]
    measured_at, skew = _measured_at(item, receipt)
    stated = loaded.get("isp") if kind in ("wifi", "ethernet") else network.get("operator")
    row: ReceivedRow = {
        "received_at": receipt.received_at,
        "measured_at": measured_at,
        "skew_s": skew.total_seconds() if skew else None,
        "day": local_day(measured_at),
        "network": rules.network_of(kind),
        "kind": kind,
        "source": loaded.get("source") or receipt.source,
        "status": loaded["status"],
        "operator": rules.operator_of(kind, network.get("mcc"), network.get("mnc"), stated),
        "technology": rules.visible(network.get("technology")),
        "download_mbps": loaded.get("download_mbps"),
        "upload_mbps": loaded.get("upload_mbps"),
        "ping_ms": loaded.get("ping_ms"),
        "jitter_ms": loaded.get("jitter_ms"),
        "latitude": location["latitude"] if location else None,
        "longitude": location["longitude"] if location else None,
        "accuracy_m": location.get("accuracy_m") if location else None,
        "rules": rules.RULES,
        "assurance": _assurance_without_ticket(item, receipt),
        "host": None,  # until its ticket is found
        "data_cap_mb": loaded.get("data_cap_mb"),
        "raw": cast(SampleBody, item.raw),
    }
    for name in LOADED:
        if name in loaded:
            row[name] = loaded[name]
    return row


def _assurance_without_ticket(item: SampleItem, receipt: ReceiptContext) -> Assurance:
    stated = receipt.assurances.get(item.id) if item.id else None
    return stated or ("claimed" if receipt.has_device else "imported")


def _measured_at(item: SampleItem, receipt: ReceiptContext) -> tuple[datetime, timedelta | None]:
    """Return the start of a test and the error of the phone's clock, if it was corrected.

    The start is that of the witness, else that of the phone, corrected by when it sent the sample.
    """
    claimed = item.loaded["measured_at"]
    if item.statements and item.statements.witness:
        start = item.statements.witness.start
        skew = start - claimed
        return start, skew if abs(skew) > rules.MIN_SKEW else None
    sent_skew = clock_error(receipt.received_at, receipt.sent_at)
    return claimed + (sent_skew or timedelta()), sent_skew


def position_of(row: Positioned) -> Position | None:
    """Return the point to look up; None if the position cannot identify a commune."""
    latitude, longitude, accuracy_m = row["latitude"], row["longitude"], row["accuracy_m"]
    if position_problem(latitude, longitude, accuracy_m):
        return None
    assert longitude is not None and latitude is not None and accuracy_m is not None
    return Position(row["day"], longitude, latitude, accuracy_m)


def places_of(rows: Sequence[Positioned], locator: Locator) -> list[UnitLocation | None]:
    """Look up the communes of rows at once: a batch costs little more than one row."""
    positions = [position_of(row) for row in rows]
    usable = [at for at in positions if at]
    if len(usable) == 1:
        located = [locator.locate(*usable[0])]
    else:
        located = locator.locate_many(*zip(*usable, strict=True)) if usable else []
    places = iter(located)
    return [next(places) if at else None for at in positions]


def own_reasons(
    row: ReceivedRow,
    loaded: SampleContent,
    placed: UnitLocation | None,
    receipt: ReceiptContext,
) -> tuple[str, ...]:
    """Return all reasons that follow from the measurement alone, by weight."""
    reasons: list[str | None] = [
        _place_reason(row, placed),
        "kind_unknown" if row["network"] == "unknown" else None,
        *_test_reasons(row),
        *_time_reasons(row, loaded, receipt),
        *_network_reasons(loaded),
        *_source_reasons(row, loaded, receipt),
    ]
    return rules.by_weight(reason for reason in reasons if reason)


def _place_reason(row: Positioned, placed: UnitLocation | None) -> str | None:
    if placed is None:
        return position_problem(row["latitude"], row["longitude"], row["accuracy_m"])
    return "outside_communes" if placed.unit_id is None else None


def _test_reasons(row: ReceivedRow) -> list[str]:
    if row["status"] != "finished":
        return ["failed_test"]
    values = row["download_mbps"], row["upload_mbps"], row["ping_ms"]
    return ["implausible_value"] if rules.implausible(row["network"], *values) else []


def _time_reasons(row: ReceivedRow, loaded: SampleContent, receipt: ReceiptContext) -> list[str]:
    reasons = []
    fixed_at = loaded["location"] and loaded["location"].get("fixed_at")
    if fixed_at and abs(fixed_at - loaded["measured_at"]) > rules.MAX_FIX_AGE:
        reasons.append("fix_stale")
    outside = outside_time(row, receipt)
    return [*reasons, outside] if outside else reasons


def outside_time(row: ReceivedRow, receipt: ReceiptContext) -> str | None:
    """Return the reason of a measurement that is too old or in the future.

    A new one is not stored with it; rows that an earlier version stored keep it.
    """
    age = row["received_at"] - row["measured_at"]
    if -age > rules.MAX_FUTURE:
        return "in_future"
    return "too_old" if age > rules.MAX_AGE and not receipt.accept_old else None


def _network_reasons(loaded: SampleContent) -> list[str]:
    network = loaded["network"]
    mcc = rules.visible(network.get("mcc"))
    foreign = network["kind"] == "mobile" and mcc not in (None, rules.COUNTRY_MCC)
    return ["foreign_network"] if foreign else []


def _source_reasons(row: ReceivedRow, loaded: SampleContent, receipt: ReceiptContext) -> list[str]:
    reasons = []
    if not receipt.has_device and not receipt.count_without_device:
        reasons.append("no_device")
    if row["source"] == "manual" and (not receipt.count_manual or _of_ispeed(loaded)):
        reasons.append("source_not_counted")
    return reasons


def _of_ispeed(loaded: SampleContent) -> bool:
    """Return whether a result is of i-Speed, which VNNIC counts."""
    server = loaded.get("server")
    return server is not None and server.get("name") == rules.ISPEED


def marks(
    row: ReceivedRow,
    loaded: SampleContent,
    placed: UnitLocation | None,
    receipt: ReceiptContext,
) -> list[str]:
    """Return the marks: findings that do not change whether the measurement counts."""
    network, location = loaded["network"], loaded["location"]
    roaming = bool(network.get("roaming")) and network["kind"] == "mobile"
    findings = {
        "mock_position": location is not None and location.get("is_mock"),
        "border_ambiguous": placed is not None and placed.ambiguous,
        "snapped": placed is not None and placed.how == "snapped",
        "vpn": loaded.get("vpn"),
        "clock_corrected": row["skew_s"] is not None,
        "national_roaming": roaming and not _network_reasons(loaded),
        "operator_stated": loaded.get("operator_source") == "user",
        "metered": loaded.get("metered"),
        CAPPED: row["status"] == "finished"
        and not measures_speed(
            loaded.get("data_cap_mb"), row["download_mbps"], row["upload_mbps"], row["ping_ms"]
        ),
        "counted_by_admin": not receipt.has_device and receipt.count_without_device,
    }
    return [mark for mark, present in findings.items() if present]


def measures_speed(
    cap_mb: float | None,
    download_mbps: float | None,
    upload_mbps: float | None,
    ping_ms: float | None,
) -> bool:
    """Return whether the largest transfers within a cap take long enough at the measured rates.

    Without a cap a test goes on until its rate is known. Without a ping only the least time counts.
    """
    if cap_mb is None:
        return True
    least_s = max(MIN_TRANSFER_S, MIN_ROUND_TRIPS * (ping_ms or 0) / 1e3)
    rates = dict(zip(SPEEDS, (download_mbps, upload_mbps), strict=True))
    return all(
        min(cap_mb * LARGEST_SHARE[name], MAX_TRANSFER_MB) * 8 >= least_s * rate
        for name, rate in rates.items()
        if rate is not None
    )


def place_columns(placed: UnitLocation | None) -> PlaceColumns:
    """Return the columns of a place; all null without a position."""
    if placed is None:
        return {"unit_id": None, "set_id": None, "how": None, "candidates": None}
    return {
        "unit_id": placed.unit_id,
        "set_id": placed.set_id,
        "how": placed.how,
        "candidates": list(placed.candidates) or None,
    }


def derived_columns(
    row: ReceivedRow,
    loaded: SampleContent,
    placed: UnitLocation | None,
    receipt: ReceiptContext,
    stored_marks: Sequence[str] = (),
) -> DerivedColumns:
    """Return place, reasons and marks that follow from the measurement alone.

    Those of its statements are kept of a stored row's marks.
    """
    return {
        **place_columns(placed),
        "own_reasons": own_reasons(row, loaded, placed, receipt),
        "marks": [
            *marks(row, loaded, placed, receipt),
            *(mark for mark in stored_marks if mark in STATEMENT_MARKS),
        ],
    }


def sample_of(row: TimelineRow) -> rules.Sample:
    """Return the input of the rules for a row."""
    return rules.Sample(
        id=row["id"],
        at=row["measured_at"],
        network=row["network"],
        operator=row["operator"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        accuracy_m=row["accuracy_m"],
        own_reasons=tuple(row["own_reasons"]),
        day=row["day"],
        unit_id=row["unit_id"],
        duration_s=(row.get("raw") or row).get("duration_s"),  # a new row has it in its body
        mock="mock_position" in row["marks"],
    )
