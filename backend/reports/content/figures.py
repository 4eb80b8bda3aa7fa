"""The content of a report in the order of the letter, from which its files are rendered.

It is plain JSON, so that later versions of the code can read a frozen report. The figures come
from `backend.coverage`. The schemas of the API are made of these types.
"""

import hashlib
import json
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from backend.coverage.contributions.service import UnitTeam
from backend.coverage.statistics.stored import Spread
from backend.measurements.recording.reasons import PARTS
from backend.measurements.recording.requirements import Required
from backend.outreach.service import EnteredBy, Kind, OutreachSum
from backend.places.states import State as PlaceState

Network = Literal["mobile", "fixed"]
NETWORKS: tuple[Network, ...] = ("mobile", "fixed")

# The sections of the letter in its order; remarks and proposed sentences have these keys.
SECTIONS = ("direction", "results", "shortcomings", "tasks", "proposals")

# Descriptions in the OpenAPI document.
BY_NETWORK = f"By network: {', '.join(NETWORKS)}"
BY_SECTION = f"By section: {', '.join(SECTIONS)}"
NO_CONNECTION = "Communes with places, those with most zones first"
PLACES = (
    "Published places without coverage, by commune and hamlet; in reports of provinces with any"
)
OUTREACH = "Activities that offices and teams entered; not in reports without any"
# Fewer residents say too much of a single person.
MIN_RESIDENTS = 5
RESIDENTS = (
    "Residents whom volunteers helped to a counted sample in this unit, each once; absent below"
    f" {MIN_RESIDENTS}"
)
BY_ASSURANCE = f"Counted samples: {', '.join(PARTS)}"


class ReportUnit(TypedDict):
    """The unit of a report, as on the month's last day."""

    code: str
    name: str
    level: str  # province, district, commune
    type: str
    province: str


ELSEWHERE = (
    "Counted samples of this server in other provinces; of provinces alone, not in earlier reports"
)


class Samples(TypedDict):
    """The three numbers of a network, and why samples are not counted."""

    received: int
    valid: int
    counted: int
    reasons: dict[str, int]  # most frequent first; the sum is received minus counted
    unlocated: dict[str, int]  # samples in no commune, in the whole country
    by_assurance: Annotated[dict[str, int], BY_ASSURANCE]
    of_teams: int  # of the counted, those that are credited to a team
    elsewhere: NotRequired[Annotated[int, ELSEWHERE]]


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
    of_teams: int


class Rank(TypedDict):
    """Possible ranks of an operator; only tested differences narrow them."""

    best: int
    worst: int
    of: int


class Quality(TypedDict):
    """Quality of an operator on a technology, null for all together, by the release's rules."""

    operator: str | None
    technology: str | None
    n: int
    devices: int
    effective_n: float | None
    more_devices: int | None  # samples of other devices that are missing
    rank: Rank | None
    # null below the minimum effective n
    download_mbps: Spread | None
    upload_mbps: Spread | None
    ping_ms: Spread | None
    jitter_ms: Spread | None
    ping_download_ms: Spread | None
    ping_upload_ms: Spread | None
    references: dict[str, float | None]  # by reference: the share of samples that meet it
    reference_limits: dict[str, list[float] | None]


class NoConnectionRow(TypedDict):
    """Places of a commune that enough volunteers noted as without a connection."""

    code: str
    name: str
    zones: int  # cells of 0.7 km², noted on two days
    places: int  # other cells of 0.7 km²
    areas: int  # larger cells, of notes that are too few for a smaller one


class RepairRow(TypedDict):
    """A published place without coverage that an operator has been told of."""

    hamlet: str | None  # null: a place in the commune that is no hamlet of the list
    commune: str
    operator: str | None  # null: all operators
    state: PlaceState  # on the month's last day
    month: str  # YYYY-MM, of the state


class TeamRow(UnitTeam):
    """Samples of a team in this unit for a campaign, on one network."""

    network: str


class OutreachActivity(TypedDict):
    """An outreach activity of the month."""

    day: str  # YYYY-MM-DD
    place: str  # name of the commune or province
    entered_by: EnteredBy
    name: str  # of the office's unit, or of the team
    kind: Kind
    audience: str  # officials, residents
    people: int | None  # attendances; null: none are counted for this kind
    note: str | None  # null for teams
    document_number: str | None
    document_date: str | None


class OutreachFigures(TypedDict):
    """Outreach activities, and their sums by who entered them, which are never added."""

    sums: list[OutreachSum]
    activities: list[OutreachActivity]  # the oldest first


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
    no_connection: Annotated[list[NoConnectionRow], NO_CONNECTION]
    places: NotRequired[Annotated[list[RepairRow], PLACES]]
    teams: list[TeamRow]
    outreach: NotRequired[Annotated[OutreachFigures, OUTREACH]]
    residents: NotRequired[Annotated[int, RESIDENTS]]
    vnnic: list[Vnnic] | None  # null: no count of VNNIC was imported for the month
    notes: list[Note]


class LetterChoices(TypedDict):
    """The kind of the letter."""

    kind: str  # official_letter (công văn), report (báo cáo)


REWRITTEN = "Sections whose remark replaces the proposed sentences"


COUNTS_FROM = "From which assurance samples count at the end of the month; not in earlier reports"


class Report(TypedDict):
    """A report: all that is frozen and sealed, and all that files show."""

    unit: ReportUnit
    month: str  # YYYY-MM
    edition: int  # 1, plus one each time a report is superseded
    made_at: str  # ISO 8601, UTC; the time of freezing of a frozen report
    boundaries: dict[str, str] | None  # set, quality
    rules: int  # version of the rules of validity
    counts_from: NotRequired[Annotated[Required, COUNTS_FROM]]
    demo: bool  # generated samples: every page and file is marked
    sections: Sections
    proposed: Annotated[dict[str, str], BY_SECTION]  # sentences made from the figures
    remarks: Annotated[dict[str, str], BY_SECTION]  # of the official, added to the proposed ones
    rewritten: Annotated[list[str], REWRITTEN]
    letterhead: dict[str, Any] | None  # as of freezing; null: the default one
    letter: LetterChoices


def canonical_json(content: Any) -> bytes:
    """Encode JSON with sorted keys, without blanks or escaped letters, as UTF-8."""
    text = json.dumps(
        content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
