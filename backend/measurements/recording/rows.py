"""Samples on their way to a row of `measurements`: their content as sent, and their columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from backend.measurements.recording.intake import Item
from backend.units.locator import UnitLocation
from backend.witness.assurance import Assurance, Statements


class NetworkContent(TypedDict):
    """The network that a test ran over, as `NetworkSchema` reads it."""

    kind: str  # mobile, wifi, ethernet, unknown
    technology: NotRequired[str | None]
    mcc: NotRequired[str | None]
    mnc: NotRequired[str | None]
    operator: NotRequired[str | None]
    roaming: NotRequired[bool | None]


class LocationContent(TypedDict):
    """A position as `LocationSchema` reads it, WGS 84 in degrees."""

    latitude: float
    longitude: float
    accuracy_m: NotRequired[float | None]
    is_mock: NotRequired[bool | None]  # set by another app
    fixed_at: NotRequired[datetime | None]


class SentStatements(TypedDict):
    """The signed ticket of a test, and the statement of its measuring host."""

    ticket: str
    witness: NotRequired[str | None]


class ServerContent(TypedDict):
    """The server of a test, as its client names it."""

    id: NotRequired[str | None]
    name: NotRequired[str | None]


class SampleContent(TypedDict):
    """A sample as `MeasurementSchema` reads it; what becomes no column is in the body alone."""

    id: str
    measured_at: datetime  # start of the test by the phone's clock
    status: str  # finished, failed, aborted
    network: NetworkContent
    location: LocationContent | None
    download_mbps: NotRequired[float | None]
    upload_mbps: NotRequired[float | None]
    ping_ms: NotRequired[float | None]
    jitter_ms: NotRequired[float | None]
    ping_download_ms: NotRequired[float | None]
    ping_upload_ms: NotRequired[float | None]
    download_stability_percent: NotRequired[float | None]
    upload_stability_percent: NotRequired[float | None]
    source: NotRequired[str | None]  # app, manual
    operator_source: NotRequired[str | None]  # network, user
    isp: NotRequired[str | None]
    vpn: NotRequired[bool | None]
    metered: NotRequired[bool | None]
    data_cap_mb: NotRequired[int | None]
    test: NotRequired[SentStatements | None]
    server: NotRequired[ServerContent | None]


class SampleBody(TypedDict):
    """A body as it was sent, without what is not stored; of its checked fields those read again."""

    duration_s: NotRequired[float | None]


class Positioned(TypedDict):
    """The position of a sample, WGS 84 in degrees, and the day at which it is looked up."""

    day: date  # in Vietnam
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None


class ReceivedRow(Positioned):
    """The columns that follow from content and receipt, without place and verdict."""

    received_at: datetime
    measured_at: datetime  # of the witness, or of the phone with its clock corrected
    skew_s: float | None  # by which its clock was corrected
    network: str  # mobile, fixed, unknown
    kind: str  # mobile, wifi, ethernet, unknown
    source: str  # app, manual, import
    status: str  # finished, failed, aborted
    operator: str | None
    technology: str | None
    download_mbps: float | None
    upload_mbps: float | None
    ping_ms: float | None
    jitter_ms: float | None
    ping_download_ms: NotRequired[float | None]
    ping_upload_ms: NotRequired[float | None]
    download_stability_percent: NotRequired[float | None]
    upload_stability_percent: NotRequired[float | None]
    rules: int  # the rule set
    assurance: Assurance | None  # null: stored before there were tickets
    host: int | None  # number of the measuring host of its ticket
    data_cap_mb: int | None
    raw: NotRequired[SampleBody]  # the body as sent; missing in rows of a timeline


class PlaceColumns(TypedDict):
    """The commune of a sample; all null without a usable position."""

    unit_id: int | None  # null: also outside every commune
    set_id: int | None  # of the boundaries
    how: str | None  # inside, edge, snapped
    candidates: list[str] | None  # codes of further communes within the accuracy


class DerivedColumns(PlaceColumns):
    """Place, reasons and marks that follow from a sample alone."""

    own_reasons: Sequence[str]  # by weight
    marks: Sequence[str]


class SampleRow(ReceivedRow, DerivedColumns):
    """A row of `measurements`; its device and its verdict are set before it is stored."""

    id: UUID
    device_id: NotRequired[UUID | None]  # null: imported
    reasons: NotRequired[Sequence[str]]  # of the verdict, by weight
    valid: NotRequired[bool]
    counted: NotRequired[bool]
    duration_s: NotRequired[float | None]  # where the body is missing
    final: NotRequired[bool]  # coarsened: the verdict stays


class CountedRow(TypedDict):
    """The columns of `SampleRow` by which it is counted, besides its reasons."""

    day: date
    network: str
    unit_id: int | None
    marks: Sequence[str]
    assurance: Assurance | None


class JudgedRow(CountedRow):
    """The columns of `SampleRow` that a change of its verdict needs."""

    id: UUID
    measured_at: datetime
    own_reasons: Sequence[str]
    reasons: NotRequired[Sequence[str]]  # missing: a new row
    final: NotRequired[bool]


class TimelineRow(JudgedRow):
    """The columns of `SampleRow` that verdicts on later samples depend on."""

    operator: str | None
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None
    raw: NotRequired[SampleBody]
    duration_s: NotRequired[float | None]


@dataclass(slots=True)
class SampleItem(Item):
    """One sample of a request with its result so far; content and row are empty before its turn."""

    loaded: SampleContent = field(default_factory=cast(Callable[[], SampleContent], dict))
    row: SampleRow = field(default_factory=cast(Callable[[], SampleRow], dict))
    placed: UnitLocation | None = None
    statements: Statements | None = None
