"""Reasons and marks of the rules with their effects and texts."""

from collections.abc import Collection, Sequence
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

    def finding(self, language: Language) -> str:
        """Return the text for others: without the advice to the volunteer after a colon."""
        message = self.message(language)
        found, colon, _ = message.partition(":")
        return f"{found}." if colon and self.effect != "mark" else message


# In order of weight: the first one of a measurement is its main reason, by which it is counted.
# Reasons without a commune come first, so that "unlocated" is their sum.
_NOT_VALID = {
    "position_missing": N_("There is no usable GPS position."),
    "position_default": N_("A default position (0,0 or an emulator's), not where the test ran."),
    "position_coarse": N_("The position error is over 2,000 m: wait for a better GPS fix."),
    "outside_communes": N_("The position is not in a commune of Vietnam."),
    "excluded": N_("The sample was excluded after a review."),
    "failed_test": N_("The test did not finish."),
    "kind_unknown": N_("It is unknown whether this was mobile or fixed."),
    "foreign_network": N_("The phone was on a foreign network."),
    "implausible_value": N_("A measured value cannot be real."),
    "fix_stale": N_("The position was taken more than 60 s before or after the test."),
    "in_future": N_("The test time is in the future: set the phone's clock."),
    "too_old": N_("The sample arrived over 60 days after the test."),
}
_NOT_COUNTED = {
    "no_device": N_("An imported row that belongs to no device."),
    "source_not_counted": N_("A result entered by hand, for reference only."),
    "unproven": N_("No measuring host confirmed this test: measure on this website, at /do."),
    "witness_late": N_(
        "The sample arrived over 72 hours after its test: send samples within 72 hours of"
        " measuring."
    ),
    "too_many_tests": N_("This phone sent more tests of this day than can be judged."),
    "before_registration": N_("The test is older than this phone's registration."),
    "mock_position": N_("The position came from another app."),
    "overlap": N_("Two tests overlapped: wait for the first to end before the next."),
    "impossible_travel": N_(
        "The distance from the previous test cannot have been travelled in that time."
    ),
    "repeat": N_("This phone has a counted sample near here in the last 4 hours."),
    "third_operator": N_("This phone has counted samples of two other operators on this day."),
    "daily_cap": N_("This phone has reached the most samples that count in a day."),
    "commune_cap": N_(
        "This phone has reached the most samples that count in this commune in a month."
    ),
}
_MARKS = {
    "border_ambiguous": N_("Near a border: the accuracy circle touches a neighbour."),
    "snapped": N_("Slightly outside, assigned to the nearest commune."),
    "vpn": N_("Measured through a VPN."),
    "clock_corrected": N_("The phone's clock was wrong; the time was corrected."),
    "national_roaming": N_("Roaming inside the country."),
    "operator_stated": N_("The operator was entered by the user."),
    "metered": N_("The connection was metered."),
    "capped": N_("Counted; too little data to measure the speed of this line."),
    "counted_by_admin": N_("Counted by decision of an admin."),
    "withdrawn": N_("The consent was withdrawn; an anonymous count remains."),
}
# Why a sample with a ticket is not witnessed.
_STATEMENTS = {
    "ticket_invalid": N_("The ticket is not valid."),
    "ticket_expired": N_("The test is not within the time of its ticket."),
    "ticket_used": N_("The ticket was used for another test."),
    "ticket_foreign": N_("The ticket is of another phone."),
    "server_foreign": N_("The ticket is of another installation."),
    "host_unknown": N_("There is no such measuring host."),
    "host_revoked": N_("The measuring host was revoked."),
    "witness_missing": N_("The measuring host's witness is missing."),
    "witness_invalid": N_("The measuring host's witness is not valid."),
    "witness_incomplete": N_("The measuring host saw no complete test."),
    "claim_differs": N_("The phone reports a higher speed than the measuring host saw."),
}
REASONS = (
    *(Reason(code, "not_valid", text) for code, text in _NOT_VALID.items()),
    *(Reason(code, "not_counted", text) for code, text in _NOT_COUNTED.items()),
    *(Reason(code, "mark", text) for code, text in (_MARKS | _STATEMENTS).items()),
)

BY_CODE = {reason.code: reason for reason in REASONS}
ORDER = {reason.code: place for place, reason in enumerate(REASONS)}
NOT_VALID, NOT_COUNTED = frozenset(_NOT_VALID), frozenset(_NOT_COUNTED)
STATEMENT_MARKS = frozenset(_STATEMENTS)
CAPPED = "capped"  # the mark of a sample that counts without a speed
SPEEDS = ("download_mbps", "upload_mbps")
Basis = Literal["received", "valid", "counted"]
BASES: tuple[Basis, ...] = ("received", "valid", "counted")  # the three numbers of a month
UNLOCATED = ("position_missing", "position_default", "position_coarse", "outside_communes")

# Categories of counted measurements. `counted` has the claimed ones, as all of version 1 are;
# `counted_by_admin` imported rows without a device that an admin let count; `withdrawn` anonymous
# rows of withdrawn devices.
COUNTED, COUNTED_BY_ADMIN, WITHDRAWN = "counted", "counted_by_admin", "withdrawn"
COUNTED_WITNESSED, COUNTED_TICKETED = "counted_witnessed", "counted_ticketed"
# The category of each part that is shown beside the counted number, the best proven first.
Part = Literal["witnessed", "ticketed", "claimed", "imported", "withdrawn"]
PARTS: dict[Part, str] = {
    "witnessed": COUNTED_WITNESSED,
    "ticketed": COUNTED_TICKETED,
    "claimed": COUNTED,
    "imported": COUNTED_BY_ADMIN,
    "withdrawn": WITHDRAWN,
}
COUNTED_CATEGORIES = tuple(PARTS.values())
# The column of each category in `unit_months` and in the sums of teams.
COLUMNS = {category: part for part, category in PARTS.items()} | {
    code: code for code in (*_NOT_COUNTED, *_NOT_VALID)
}
_BY_ASSURANCE = {"witnessed": COUNTED_WITNESSED, "ticketed": COUNTED_TICKETED}


def category(reasons: Sequence[str], marks: Collection[str], assurance: str | None) -> str:
    """Return the category by which a measurement is counted.

    That is its main reason; of a counted one its mark or assurance, which rows of version 1 lack.
    """
    if reasons:
        return reasons[0]
    proven = _BY_ASSURANCE.get(assurance or "", COUNTED)
    return next((mark for mark in (COUNTED_BY_ADMIN, WITHDRAWN) if mark in marks), proven)


def measured_value(metric: str) -> str:
    """Return the SQL expression of a metric of measurements; null for a speed that is capped."""
    if metric not in SPEEDS:
        return metric
    return f"case when not '{CAPPED}' = any(marks) then {metric} end"
