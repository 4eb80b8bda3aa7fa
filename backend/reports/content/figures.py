"""What a report holds, in the order of the letter: the shape that files are rendered from.

All of it is plain JSON, so that a report that was frozen reads as it did a year ago, whatever the
code has become meanwhile. Nothing here is computed: figures come from `backend.coverage`.
"""

from typing import Any, Literal, TypedDict

Network = Literal["mobile", "fixed"]
NETWORKS: tuple[Network, ...] = ("mobile", "fixed")

# The sections in the letter's order; remarks and proposed sentences go by these names. The
# signature block is the letterhead's.
SECTIONS = ("samples", "reached", "lacking", "quality", "teams", "vnnic", "notes")


class ReportUnit(TypedDict):
    """Whose report it is, as the unit was called on the month's last day."""

    code: str
    name: str
    level: str  # province, district, commune
    type: str
    province: str


class Samples(TypedDict):
    """The three numbers of a network, and what lies between received and counted."""

    received: int
    valid: int
    counted: int
    reasons: dict[str, int]  # the largest loss first; they sum to received minus counted
    unlocated: dict[str, int]  # in no commune, of the whole country


class Reached(TypedDict):
    """How many units of a level reached the target, *theo số liệu Đo Sóng*."""

    level: str
    units: int
    reached: int | None  # null: no target was in force
    share: float | None  # 0 to 1
    best_share: float | None  # what the same samples could have reached, spread as well as can be
    threshold: int | None
    basis: str | None  # received, valid, counted
    source: str | None


class Lacking(TypedDict):
    """A commune below its target, the largest shortfall first."""

    code: str
    name: str
    parent: str | None
    counted: int
    target: int
    shortfall: int
    planned: list[str]  # the campaigns that measure there in the following month


class CommuneRow(TypedDict):
    """A commune of the unit, in Vietnamese order: the annex, and what late data is held against."""

    code: str
    name: str
    parent: str | None
    received: int
    valid: int
    counted: int
    target: int | None
    reached: bool | None
    shortfall: int | None


class Spread(TypedDict):
    """How a value is spread over counted samples."""

    median: float
    mean: float
    p10: float
    p90: float


class Quality(TypedDict):
    """One operator on one technology; null for all of them together."""

    operator: str | None
    technology: str | None
    n: int
    devices: int | None
    # null below the least number of samples
    download_mbps: Spread | None
    upload_mbps: Spread | None
    ping_ms: Spread | None
    jitter_ms: Spread | None
    references: dict[str, float | None]  # by reference, which part of the samples is as good


class TeamRow(TypedDict):
    """What a team took in this unit for a campaign."""

    campaign: str
    organisation: str
    organisation_type: str  # youth_union, community_digital_team, …
    team: str
    type: str  # youth, community_digital, …
    received: int
    counted: int
    needed: int | None  # null: no target was in force


class Vnnic(TypedDict):
    """VNNIC's own count beside ours, unit by unit."""

    code: str
    name: str
    network: str
    ours: int
    theirs: int | None  # null: not enough samples for VNNIC to say
    difference: int | None
    reasons: list[str]  # likely ones of a closed list, in words


class Note(TypedDict):
    """What a reader must know of the data."""

    code: str
    words: str  # Vietnamese, as is a report


class Sections(TypedDict):
    """A report's figures by section."""

    samples: dict[str, Samples]  # by network, as those below
    reached: dict[str, list[Reached]]
    lacking: dict[str, list[Lacking]]
    communes: dict[str, list[CommuneRow]]
    quality: dict[str, list[Quality]]
    teams: list[TeamRow]
    vnnic: list[Vnnic] | None  # null: nothing of VNNIC's was imported for the month
    notes: list[Note]


class Report(TypedDict):
    """All that is frozen and sealed, and all that a file may show."""

    unit: ReportUnit
    month: str  # YYYY-MM
    edition: int  # 1, and one more each time a report is superseded
    made_at: str  # ISO 8601, UTC; of a frozen report the moment of freezing
    boundaries: dict[str, str] | None  # set, quality
    rules: int  # the version of the rules by which samples were judged
    demo: bool  # made-up samples: every page and file says so
    sections: Sections
    proposed: dict[str, str]  # sentences from the figures, by section
    remarks: dict[str, str]  # what the official wrote; where a section has some, it replaces those
    letterhead: dict[str, Any] | None  # as it stood at freezing; null: none was set


# The files of a report by name, as `rendering.render` gives them.
Files = dict[str, bytes]
