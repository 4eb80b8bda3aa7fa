"""What coverage answers: the figures of units, and their sums in a month."""

from collections.abc import Mapping
from typing import Literal, TypedDict

from backend.measurements.recording.reasons import PARTS, Basis
from backend.units.catalogue import Boundaries

# Progress of a unit towards its target: reached; as many samples as expected by now, or fewer.
ProgressState = Literal["reached", "on_pace", "behind"]


class Numbers(TypedDict):
    """The three numbers of samples."""

    received: int
    valid: int
    counted: int


class AssuranceParts(TypedDict):
    """The counted samples by assurance; the sum of the parts is `counted`."""

    witnessed: int  # confirmed by a signing measuring host
    ticketed: int  # with a ticket, at a host that does not sign
    claimed: int  # reported by the phone alone
    imported: int  # counted by decision of an admin
    withdrawn: int  # of phones that have withdrawn since


class CommunesReached(TypedDict):
    """The communes of a unit that have a target, all without any, and those that reached it."""

    units: int
    reached: int


class Projection(TypedDict):
    """Samples at the end of a running month: mean, and limits of an interval of 80 %."""

    low: int
    middle: int
    high: int


class Expected(TypedDict):
    """The samples of a unit against those expected by now."""

    expected: float | None  # samples by the last completed day; null without a target
    state: ProgressState | None  # null without a target
    days_left: int  # with the running one; 0: the month is over
    needed_per_day: int | None  # samples; null without a target, and in the last days


class Pace(TypedDict):
    """The samples of a unit by day, in the number that is compared with its target."""

    today: int | None  # null: the month is not running
    pace: float | None  # samples a completed day; null before the first is over


class Participation(TypedDict):
    """Who measured a unit, and how often; null: not known, or not released."""

    devices: int | None  # phones with counted samples
    outings: int | None  # different teams and days on which somebody measured


class UnitItem(Numbers, Expected, Pace, Participation):
    """A unit in a month against its target."""

    month: str  # YYYY-MM
    code: str
    name: str
    level: str  # province, district, commune
    parent: str | None  # name of the unit above; null: a province
    latitude: float | None  # of the centre, EPSG:4326
    longitude: float | None
    no_boundary: bool  # no sample can be assigned to it
    of_teams: int | None  # of the counted, those credited to a team; null for the public
    by_assurance: AssuranceParts
    target: int | None  # samples; null: none is in force, or the unit is exempt
    reached: bool | None  # null without a target
    shortfall: int | None  # samples missing to the target; null without one
    share: float | None  # of the target, over 1 above it; null without one
    assessed: bool | None  # enough samples to be assessed; null: no number is set
    communes: CommunesReached | None  # null: a commune
    projection: Projection | None  # null without a steady pace, and in the last days
    last_month: int | None  # samples, in a running month up to the same day; null: unknown
    change: int | None  # to `last_month`
    teams: int
    as_of: str | None  # ISO 8601: samples until then are in these public counts; null: exact
    reasons: dict[str, int]  # samples that are not counted by main reason, the most first


class TargetTerms(TypedDict):
    """A target and its source."""

    threshold: int  # samples
    basis: Basis  # the number that is compared
    source: str


class Reached(TypedDict):
    """Units with a target, or all where none has one, and those that reached it."""

    units: int
    reached: int | None  # null: no target is in force
    share: float | None  # 0 to 1


class LevelReached(Reached):
    """A line of the ministry's letter: units of a level that reached their target."""

    level: str


class ReachedShare(TypedDict):
    """Number and share of units that reached their target."""

    reached: int
    share: float  # 0 to 1


class Bases(TypedDict):
    """Units that reach their target if that number is compared; null: no target is in force."""

    received: ReachedShare | None
    valid: ReachedShare | None
    counted: ReachedShare | None


class Distribution(TypedDict):
    """Share of units that reached their target, and the best share with as many samples."""

    share: float  # 0 to 1
    best_reached: int  # units, if no sample were beyond a target
    best_share: float


class ExemptUnit(TypedDict):
    """A commune without a target beside others that have one."""

    code: str
    name: str


class CoverageSummary(Reached, Numbers):
    """Sum over the units, and samples outside all units."""

    of_teams: int | None  # of the counted, those credited to a team; null for the public
    by_assurance: AssuranceParts
    reasons: dict[str, int]  # samples that are not counted by main reason, the most first
    unlocated: dict[str, int]  # samples in no commune of the country by reason; in no item
    elsewhere: int  # samples in communes that the month's list does not have
    levels: list[LevelReached]  # the highest first
    exempt: list[ExemptUnit]
    distribution: Distribution | None  # null: no target is in force
    bases: Bases


class Unpublished(TypedDict, total=False):
    """Missing where a reader sees every unit."""

    unpublished: int  # units left out until their province's report (PUBLISH=after_approval)


class CoverageMonth(Unpublished):
    """A month as a whole."""

    month: str  # YYYY-MM
    boundaries: Boundaries | None  # of the last day; null: none was in use
    demo: bool  # generated samples
    days: int
    days_done: int  # completed days
    target: TargetTerms | None  # of the level; null: none is in force
    communes_target: TargetTerms | None  # of communes, whatever the level
    assessment: TargetTerms | None  # samples from which units are assessed; null: not set
    summary: CoverageSummary


class CoverageBody(CoverageMonth):
    """The months of an answer; fields of a month are those of the last one."""

    level: str
    network: str  # mobile, fixed
    parent: str | None  # code of the province or district whose units are listed; null: all
    unit: str | None  # code of the only unit; null: a list
    cluster: int | None  # the cluster of communes that are listed; null: none is asked for
    exact: bool  # communes and districts are counted exactly, as for their officials
    projection_method: str
    found: int  # items of all pages
    months: list[CoverageMonth]


class Coverage(CoverageBody):
    """Coverage of a list of units."""

    items: list[UnitItem]
    next: str | None  # cursor; null: the last page


# By code of the unit: index in STEP_NAMES, samples that count towards the need, the need.
LevelSteps = dict[str, list[int]]


class MapFigures(TypedDict):
    """The progress of the units of a month that have samples, for maps."""

    month: str  # YYYY-MM
    network: str  # mobile, fixed
    set: str | None  # digest of the boundary set; null: none was in use
    steps: list[str]  # names of the steps towards a target, the lowest first
    levels: dict[str, LevelSteps]


Figure = str | int | float | None
LIMITS = tuple(Projection.__annotations__)


def figure_of(item: UnitItem, name: str) -> Figure:
    """Return a figure of a unit by the name of its field; parts and limits are fields too."""
    figures: Mapping[str, Figure] = item  # type: ignore[assignment] # of the fields without fields
    if name in PARTS:
        figures = item["by_assurance"]  # type: ignore[assignment]
    elif name in LIMITS:
        figures = item["projection"] or dict.fromkeys(LIMITS)  # type: ignore[assignment]
    return figures[name]
