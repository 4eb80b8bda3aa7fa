"""Reasons and marks of rule set 1 with their effects and texts."""

from dataclasses import dataclass
from typing import Literal

from backend.i18n.catalogues import N_, Language, gettext

Effect = Literal["not_valid", "not_counted", "mark"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A code with its effect and the text for volunteers."""

    code: str
    effect: Effect
    text: str  # in English

    def message(self, language: Language) -> str:
        return gettext(self.text, language)


# In order of weight: the first one of a measurement is its main reason, by which it is counted.
# Reasons without a commune come first, so that "unlocated" is their sum.
REASONS: tuple[Reason, ...] = (
    Reason("position_missing", "not_valid", N_("There is no usable GPS position.")),
    Reason(
        "position_default",
        "not_valid",
        N_("A default position (0,0 or an emulator's), not where the test ran."),
    ),
    Reason(
        "position_coarse",
        "not_valid",
        N_("The position error is over 2,000 m: wait for a better GPS fix."),
    ),
    Reason("outside_communes", "not_valid", N_("The position is not in a commune of Vietnam.")),
    Reason("excluded", "not_valid", N_("The sample was excluded after a review.")),
    Reason("failed_test", "not_valid", N_("The test did not finish.")),
    Reason("kind_unknown", "not_valid", N_("It is unknown whether this was mobile or fixed.")),
    Reason("foreign_network", "not_valid", N_("The phone was on a foreign network.")),
    Reason("implausible_value", "not_valid", N_("A measured value cannot be real.")),
    Reason(
        "fix_stale",
        "not_valid",
        N_("The position was taken more than 60 s before or after the test."),
    ),
    Reason("in_future", "not_valid", N_("The test time is in the future: set the phone's clock.")),
    Reason("too_old", "not_valid", N_("The sample arrived over 60 days after the test.")),
    Reason("no_device", "not_counted", N_("An imported row that belongs to no device.")),
    Reason(
        "source_not_counted", "not_counted", N_("A result entered by hand, for reference only.")
    ),
    Reason(
        "impossible_travel",
        "not_counted",
        N_("The distance from the previous test cannot have been travelled in that time."),
    ),
    Reason(
        "repeat",
        "not_counted",
        N_("This phone has a counted sample near here in the last 4 hours."),
    ),
    Reason("mock_position", "mark", N_("The position came from another app.")),
    Reason(
        "border_ambiguous", "mark", N_("Near a border: the accuracy circle touches a neighbour.")
    ),
    Reason("snapped", "mark", N_("Slightly outside, assigned to the nearest commune.")),
    Reason("vpn", "mark", N_("Measured through a VPN.")),
    Reason("clock_corrected", "mark", N_("The phone's clock was wrong; the time was corrected.")),
    Reason("national_roaming", "mark", N_("Roaming inside the country.")),
    Reason("operator_stated", "mark", N_("The operator was entered by the user.")),
    Reason("metered", "mark", N_("The connection was metered.")),
    Reason("counted_by_admin", "mark", N_("Counted by decision of an admin.")),
)

BY_CODE = {reason.code: reason for reason in REASONS}
ORDER = {reason.code: place for place, reason in enumerate(REASONS)}
NOT_VALID = frozenset(reason.code for reason in REASONS if reason.effect == "not_valid")
NOT_COUNTED = frozenset(reason.code for reason in REASONS if reason.effect == "not_counted")
BASES = ("received", "valid", "counted")  # the three numbers of a month
UNLOCATED = ("position_missing", "position_default", "position_coarse", "outside_communes")

# Categories of counted measurements: the usual one, and imported rows without a device that an
# admin let count, which coverage shows separately.
COUNTED, COUNTED_BY_ADMIN = "counted", "counted_by_admin"


def category(reasons: list[str], marks: list[str]) -> str:
    """Return the category by which a measurement is counted: its main reason, or `counted`."""
    if reasons:
        return reasons[0]
    return COUNTED_BY_ADMIN if COUNTED_BY_ADMIN in marks else COUNTED
