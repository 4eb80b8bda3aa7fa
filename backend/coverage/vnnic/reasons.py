"""Why VNNIC's count of a unit may differ from ours: a closed list with conditions. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend.i18n.catalogues import N_


@dataclass(frozen=True, slots=True)
class Pair:
    """Both counts of a unit's month, with the facts that the reasons depend on."""

    received: int
    counted: int
    lost: Mapping[str, int]  # by main reason
    theirs: int | None
    imported: bool
    imported_early: bool  # before the month was over
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
        "imported_early",
        lambda pair: pair.imported_early,
        N_("VNNIC's count was imported before the month was over."),
        N_("imported on or before the month's last day"),
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
