"""Comparison of VNNIC's counts with ours, unit by unit, with likely reasons of differences."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from sqlalchemy import select

from backend.accounts.access import Actor
from backend.clock import month_end
from backend.coverage.figures.coverage_answer import Coverage, Numbers, UnitItem, Unpublished
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.vnnic.models import VnnicCount
from backend.database.extensions import db
from backend.i18n.catalogues import N_, Language, gettext
from backend.units.catalogue import Boundaries
from backend.units.models import Unit
from backend.units.service import valid_on


@dataclass(frozen=True, slots=True)
class Pair:
    """Both counts of a unit's month, with the facts that the reasons depend on."""

    received: int
    counted: int
    lost: Mapping[str, int]  # by main reason
    theirs: int | None
    imported: bool
    table_early: bool  # it counts to a day before the last one of the month
    no_boundary: bool
    approximate: bool  # our communes are not the published ones

    @property
    def more_theirs(self) -> bool:
        return self.theirs is not None and self.theirs > self.counted

    @property
    def more_ours(self) -> bool:
        return self.theirs is not None and self.theirs < self.counted


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its code, its text, and the condition under which it is listed."""

    code: str
    applies: Callable[[Pair], bool]
    text: str  # in English
    condition: str


REASONS = (
    Reason(
        "not_imported",
        lambda pair: not pair.imported,
        N_("VNNIC's count was not imported."),
        N_("no VNNIC row for this unit and month"),
    ),
    Reason(
        "not_enough_for_vnnic",
        lambda pair: pair.imported and pair.theirs is None,
        N_("VNNIC has too few samples to assess the unit."),
        N_("VNNIC says “not enough samples”"),
    ),
    Reason(
        "table_early",
        lambda pair: pair.table_early,
        N_("VNNIC's table counts to a day before the month's last one."),
        N_("the table's day is before the month's last one"),
    ),
    Reason(
        "own_client_alone",
        lambda pair: pair.more_ours,
        N_("Samples of Đo Sóng do not reach VNNIC; remind teams to also run i-Speed."),
        N_("VNNIC’s count is lower than our counted samples"),
    ),
    Reason(
        "ispeed_alone",
        lambda pair: pair.theirs is not None and pair.theirs > pair.received,
        N_("People measure with i-Speed; those samples only reach VNNIC."),
        N_("VNNIC’s count is higher than our received samples"),
    ),
    Reason(
        "repeats_weighed_otherwise",
        lambda pair: pair.more_theirs and pair.lost.get("repeat", 0) > 0,
        N_(
            "The way VNNIC treats repeated samples is not published and may differ from the rule "
            "here."
        ),
        N_("VNNIC’s count is higher than our counted samples, and repeats were not counted"),
    ),
    Reason(
        "typed_in_left_out",
        lambda pair: pair.more_theirs and pair.lost.get("source_not_counted", 0) > 0,
        N_("i-Speed results entered by hand are not counted here."),
        N_("VNNIC’s count is higher than our counted samples, and there are typed-in samples"),
    ),
    Reason(
        "unproven_left_out",
        lambda pair: pair.more_theirs and pair.lost.get("unproven", 0) > 0,
        N_("Samples that no measuring host confirmed are not counted here."),
        N_("VNNIC’s count is higher than our counted samples, and there are unproven samples"),
    ),
    Reason(
        "excluded_here",
        lambda pair: pair.more_theirs and pair.lost.get("excluded", 0) > 0,
        N_("The province excluded samples after a review."),
        N_("VNNIC’s count is higher than our counted samples, and samples were excluded"),
    ),
    Reason(
        "no_boundary_here",
        lambda pair: pair.imported and pair.no_boundary,
        N_("There is no boundary of the unit here, so no sample can be assigned to it."),
        N_("the unit has no polygon"),
    ),
    Reason(
        "approximate_boundaries",
        lambda pair: (pair.more_theirs or pair.more_ours) and pair.approximate,
        N_(
            "Boundaries here are approximate: samples near a border may be assigned to the "
            "neighbouring unit."
        ),
        N_("the counts differ, and the boundary set is not a published one"),
    ),
)


def likely(pair: Pair) -> list[str]:
    """Return the codes of the reasons that apply, in the order of REASONS."""
    return [reason.code for reason in REASONS if reason.applies(pair)]


class VnnicFigures(TypedDict):
    """VNNIC's figures of a unit; null means "not enough samples"."""

    samples: int | None
    download_mbps: float | None
    upload_mbps: float | None
    ping_ms: float | None
    jitter_ms: float | None
    source: str  # table, atlas
    day: date  # to which the table counts
    imported_at: datetime


class ComparedUnit(TypedDict):
    """Our counts of a unit beside VNNIC's."""

    code: str
    name: str
    parent: str | None  # name of the unit above; null: a province
    ours: Numbers
    theirs: VnnicFigures | None  # null: not imported
    difference: int | None  # ours minus theirs; null without a number of theirs
    likely: list[str]  # codes of the likely reasons


class ComparedSums(TypedDict):
    """Sums over the units that both have counted; sums over others would not be comparable."""

    units: int
    imported: int  # units with a row of VNNIC
    compared: int  # units with both counts
    counted: int  # our samples in these
    theirs: int  # VNNIC's samples in these


class LikelyReason(TypedDict):
    """A reason of the closed list."""

    code: str
    words: str
    condition: str  # under which it applies


class Comparison(Unpublished):
    """VNNIC's counts compared with ours; the first fields are those of coverage."""

    month: str  # YYYY-MM
    network: str  # mobile, fixed
    level: str
    parent: str | None  # code of the unit whose parts are compared; null: the country
    boundaries: Boundaries | None  # null: none was in use
    demo: bool
    imported_at: datetime | None  # the latest import; null: none
    items: list[ComparedUnit]
    summary: ComparedSums
    reasons: list[LikelyReason]


def comparison(
    month: str,
    network: str,
    parent: str | None,
    now: datetime,
    level: str | None = None,
    language: Language = "vi",
    reader: Actor | None = None,
) -> Comparison:
    """Compare our counts with VNNIC's for the units below a parent, by default the provinces."""
    level = level or ("commune" if parent else "province")
    ours = coverage(CoverageQuery(month, level, network, parent, reader=reader), now)
    return compared(ours, imported(month, network, level), language)


def compared(
    ours: Coverage, theirs: Mapping[str, VnnicCount], language: Language = "vi"
) -> Comparison:
    """Compare an answer of `coverage` with VNNIC's counts of the same level."""
    month = ours["month"]
    quality = ours["boundaries"]["quality"] if ours["boundaries"] else None
    items = [_item(own, theirs.get(own["code"]), month, quality) for own in ours["items"]]
    left_out: Unpublished = {}
    if "unpublished" in ours:
        left_out["unpublished"] = ours["unpublished"]
    return {
        **left_out,
        "month": month,
        "network": ours["network"],
        "level": ours["level"],
        "parent": ours["parent"],
        "boundaries": ours["boundaries"],
        "demo": ours["demo"],
        "imported_at": max((row.imported_at for row in theirs.values()), default=None),
        "items": items,
        "summary": _summary(items),
        "reasons": _serialize_reasons(language),
    }


def imported(
    month: str, network: str, level: str, *, drafts: bool = False
) -> dict[str, VnnicCount]:
    """Return VNNIC's published counts of the units of a level, by code.

    With `drafts`, which only an office sees, a draft stands before what is published.
    """
    query = (
        select(Unit.code, VnnicCount)
        .join(Unit, Unit.id == VnnicCount.unit_id)
        .where(
            VnnicCount.month == month,
            VnnicCount.network == network,
            Unit.level == level,
            valid_on(month_end(month)),
        )
        .order_by(VnnicCount.draft)  # of two rows of a unit the draft is the later one
    )
    if not drafts:
        query = query.where(~VnnicCount.draft)
    return {row.code: row.VnnicCount for row in db.session.execute(query)}


def _item(own: UnitItem, row: VnnicCount | None, month: str, quality: str | None) -> ComparedUnit:
    samples = row.samples if row else None
    pair = Pair(
        received=own["received"],
        counted=own["counted"],
        lost=own["reasons"],
        theirs=samples,
        imported=row is not None,
        table_early=row is not None and row.day < month_end(month),
        no_boundary=own["no_boundary"],
        approximate=quality != "published",
    )
    return {
        "code": own["code"],
        "name": own["name"],
        "parent": own["parent"],
        "ours": {
            "received": own["received"],
            "valid": own["valid"],
            "counted": own["counted"],
        },
        "theirs": _theirs(row) if row else None,
        "difference": None if samples is None else own["counted"] - samples,
        "likely": likely(pair),
    }


def _theirs(row: VnnicCount) -> VnnicFigures:
    return {
        "samples": row.samples,
        "download_mbps": row.download_mbps,
        "upload_mbps": row.upload_mbps,
        "ping_ms": row.ping_ms,
        "jitter_ms": row.jitter_ms,
        "source": row.source,
        "day": row.day,
        "imported_at": row.imported_at,
    }


def _summary(items: Sequence[ComparedUnit]) -> ComparedSums:
    imported = [(item["ours"]["counted"], item["theirs"]) for item in items if item["theirs"]]
    both = [(ours, theirs["samples"]) for ours, theirs in imported if theirs["samples"] is not None]
    return {
        "units": len(items),
        "imported": len(imported),
        "compared": len(both),
        "counted": sum(ours for ours, _ in both),
        "theirs": sum(theirs for _, theirs in both),
    }


def _serialize_reasons(language: Language) -> list[LikelyReason]:
    texts = ((one.code, one.text, one.condition) for one in REASONS)
    return [
        {"code": code, "words": gettext(text, language), "condition": gettext(condition, language)}
        for code, text, condition in texts
    ]
