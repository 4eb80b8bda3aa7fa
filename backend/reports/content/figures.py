"""The content of a report in the order of the letter, from which its files are rendered.

It is plain JSON, so that later versions of the code can read a frozen report. The figures come
from `backend.coverage`. The schemas of the API are made of these types.
"""

import hashlib
import json
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from backend.measurements.recording.reasons import PARTS

Network = Literal["mobile", "fixed"]
NETWORKS: tuple[Network, ...] = ("mobile", "fixed")

# The sections of the letter in its order; remarks and proposed sentences have these keys.
SECTIONS = ("direction", "results", "shortcomings", "tasks", "proposals")
# Those of letters that were frozen before: a remark replaced the sentences of its section.
FORMER_SECTIONS = (
    *("samples", "reached", "lacking", "quality", "no_connection", "teams", "vnnic", "notes"),
)

# Descriptions in the OpenAPI document.
BY_NETWORK = f"By network: {', '.join(NETWORKS)}"
BY_SECTION = f"By section: {', '.join(SECTIONS)}"
NO_CONNECTION = "Communes with places, those with most zones first; missing in reports of 1.0"
FROZEN_ONCE = "Only in reports that a development version of 1.1 froze"
BY_ASSURANCE = f"Counted samples: {', '.join(PARTS)}; missing in reports of version 1.0"


class ReportUnit(TypedDict):
    """The unit of a report, as on the month's last day."""

    code: str
    name: str
    level: str  # province, district, commune
    type: str
    province: str


class Samples(TypedDict):
    """The three numbers of a network, and why samples are not counted."""

    received: int
    valid: int
    counted: int
    reasons: dict[str, int]  # most frequent first; the sum is received minus counted
    unlocated: dict[str, int]  # samples in no commune, in the whole country
    by_assurance: NotRequired[Annotated[dict[str, int], BY_ASSURANCE]]
    of_teams: NotRequired[int]  # of the counted, those that are credited to a team


class Reached(TypedDict):
    """How many units of a level reached the target, *theo số liệu Đo Sóng*."""

    level: str
    units: int
    reached: int | None  # null: no target was in force
    share: float | None  # 0 to 1
    best_share: float | None  # of the same number of samples, evenly distributed
    threshold: int | None
    basis: str | None  # received, valid, counted
    source: str | None


class Place(TypedDict):
    """A commune of the unit."""

    code: str
    name: str
    parent: str | None
    counted: int
    target: int | None
    shortfall: int | None


class Lacking(Place):
    """A commune below its target, the largest shortfall first."""

    planned: list[str]  # campaigns that measure there in the following month


class CommuneRow(Place):
    """A commune of the unit, in Vietnamese order, for the annex and for changes after freezing."""

    received: int
    valid: int
    reached: bool | None
    of_teams: NotRequired[int]


class Spread(TypedDict):
    """Distribution of a value over counted samples; reports of version 1.0 have four fields."""

    median: float
    mean: float
    p10: float | None  # null: effective n under 40
    p90: float | None
    n: NotRequired[int]  # samples that measured it
    effective_n: NotRequired[float]
    leads: NotRequired[str]  # earlier reports: samples or devices, which median they show
    median_low: NotRequired[float]  # limits of 95 % intervals
    median_high: NotRequired[float]
    p10_low: NotRequired[float | None]
    p10_high: NotRequired[float | None]
    p90_low: NotRequired[float | None]
    p90_high: NotRequired[float | None]
    device_median: NotRequired[float]  # devices weigh equally
    device_median_low: NotRequired[float]
    device_median_high: NotRequired[float]
    device_effective_n: NotRequired[float]


class Rank(TypedDict):
    """Possible ranks of an operator; only tested differences narrow them."""

    best: int
    worst: int
    of: int


class Quality(TypedDict):
    """Quality of an operator on a technology; null for all together."""

    operator: str | None
    technology: str | None
    n: int
    devices: int | None
    effective_n: NotRequired[float | None]
    more_devices: NotRequired[int | None]  # samples of other devices that are missing
    rank: NotRequired[Rank | None]
    # null below the minimum effective n; in reports of version 1.0, number of samples
    download_mbps: Spread | None
    upload_mbps: Spread | None
    ping_ms: Spread | None
    jitter_ms: Spread | None
    ping_download_ms: NotRequired[Spread | None]  # missing in reports of version 1.0
    ping_upload_ms: NotRequired[Spread | None]
    references: dict[str, float | None]  # by reference: the share of samples that meet it
    reference_limits: NotRequired[dict[str, list[float] | None]]


class NoConnectionRow(TypedDict):
    """Places of a commune that enough volunteers noted as without a connection."""

    code: str
    name: str
    zones: int  # cells of 0.7 km², noted on two days
    places: int  # other cells of 0.7 km²
    areas: int  # larger cells, of notes that are too few for a smaller one


class TeamRow(TypedDict):
    """Samples of a team in this unit for a campaign."""

    campaign: str
    organisation: str
    organisation_type: str  # youth_union, community_digital_team, …
    team: str
    type: str  # youth, community_digital, …
    received: int
    counted: int
    needed: int | None  # null: no target was in force


class Vnnic(TypedDict):
    """VNNIC's count of a unit beside ours."""

    code: str
    name: str
    network: str
    ours: int
    theirs: int | None  # null: VNNIC has too few samples
    difference: int | None
    reasons: list[str]  # likely ones of a closed list, as text


class Note(TypedDict):
    """A note about the data."""

    code: str
    words: str  # Vietnamese


class Sections(TypedDict):
    """A report's figures by section."""

    samples: dict[str, Samples]  # by network
    reached: Annotated[dict[str, list[Reached]], BY_NETWORK]
    lacking: Annotated[dict[str, list[Lacking]], BY_NETWORK]
    communes: Annotated[dict[str, list[CommuneRow]], BY_NETWORK]
    quality: Annotated[dict[str, list[Quality]], BY_NETWORK]
    no_connection: NotRequired[Annotated[list[NoConnectionRow], NO_CONNECTION]]
    radio: NotRequired[Annotated[list[dict[str, Any]], FROZEN_ONCE]]
    teams: list[TeamRow]
    vnnic: list[Vnnic] | None  # null: no count of VNNIC was imported for the month
    notes: list[Note]


class LetterChoices(TypedDict):
    """The kind of the letter; earlier reports have the signature that was chosen in the draft."""

    kind: str  # official_letter (công văn), report (báo cáo)
    titles: NotRequired[list[str]]
    signer: NotRequired[str | None]


class ReferenceDocument(TypedDict):
    """A document that the letter of an earlier report answers."""

    type: str  # Công văn, Kế hoạch, …
    number: str
    symbol: str
    issued_on: str  # YYYY-MM-DD
    issuer: str  # as named then
    about: str  # trích yếu


CHOICES = "Missing in reports of 1.0"
REFERENCES = "Of reports that a development version of 1.1 froze; others have it in the letterhead"
REWRITTEN = "Sections whose remark replaces the proposed sentences; missing in earlier reports"


class Report(TypedDict):
    """A report: all that is frozen and sealed, and all that files show."""

    unit: ReportUnit
    month: str  # YYYY-MM
    edition: int  # 1, plus one each time a report is superseded
    made_at: str  # ISO 8601, UTC; the time of freezing of a frozen report
    boundaries: dict[str, str] | None  # set, quality
    rules: int  # version of the rules of validity
    demo: bool  # generated samples: every page and file is marked
    sections: Sections
    proposed: Annotated[dict[str, str], BY_SECTION]  # sentences made from the figures
    remarks: Annotated[dict[str, str], BY_SECTION]  # of the official, added to the proposed ones
    rewritten: NotRequired[Annotated[list[str], REWRITTEN]]
    letterhead: dict[str, Any] | None  # as of freezing; null: the default one
    letter: NotRequired[Annotated[LetterChoices, CHOICES]]
    references: NotRequired[Annotated[list[ReferenceDocument], REFERENCES]]


def leading(spread: Spread) -> tuple[str, float | None, float | None]:
    """Return the name of the median that is shown, and its limits; None in reports of version 1.0.

    A report keeps the median that it was frozen with: earlier ones say which.
    """
    if "device_median" in spread and spread.get("leads") != "samples":
        return "device_median", spread["device_median_low"], spread["device_median_high"]
    return "median", spread.get("median_low"), spread.get("median_high")


def canonical_json(content: Any) -> bytes:
    """Encode JSON with sorted keys, without blanks or escaped letters, as UTF-8."""
    text = json.dumps(
        content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
