"""Which assurance a sample needs to count: dated, audited rows of the installation."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypedDict, get_args

from backend.accounts.audit import audit_entry, shell_name
from backend.clock import day_begin, month_end
from backend.database.extensions import Run, fetch, fetch_autocommit, owner_session
from backend.errors import invalid
from backend.i18n.catalogues import N_, Language, gettext
from backend.measurements.recording.models import CountingRules
from backend.measurements.recording.rows import SampleRow
from backend.measurements.recording.rules import MAX_WAIT, RULES, end_of_test
from backend.witness.assurance import ASSURANCES

# Said wherever figures are shown, where claims count.
CLAIMS_COUNT = N_(
    "Samples reported by the phone alone count here, without confirmation by a measuring host."
)

# What an installation can require of a sample that counts, the most first.
Required = Literal["witnessed", "ticketed", "claimed"]
REQUIRED: tuple[Required, ...] = get_args(Required)
# Before the first requirement.
UNREQUIRED: Required = "claimed"
# Posts that are being answered have read the requirement before it.
IN_FLIGHT = timedelta(minutes=1)

REQUIREMENTS = """
    select from_at, counts_from, by, reason from counting_rules
    where counts_from is not null order by from_at, id
"""
EMPTY = "select not exists (select from measurements) as empty"


class Requirement(NamedTuple):
    """The least assurance of samples that are received from a time on."""

    from_at: datetime
    counts_from: Required
    by: str
    reason: str


class StoredRequirement(TypedDict):
    """A requirement as JSON; its time is ISO 8601."""

    from_at: str
    counts_from: Required
    by: str
    reason: str


# A requirement that is decided and begins later.
NextRequirement = TypedDict("NextRequirement", {"counts_from": Required, "from": str})


class RulesInForce(TypedDict):
    """The rules that judge a sample that is received now; times are ISO 8601."""

    rules: int  # the rule set
    counts_from: Required  # the least assurance of a sample that counts
    since: str | None  # null: never chosen
    next: NextRequirement | None
    note: str | None  # to be shown beside figures


def requirements_of(stored: Sequence[StoredRequirement] | None) -> Sequence[Requirement]:
    """Return the requirements that READ_STATE has read as JSON."""
    return [
        Requirement(
            datetime.fromisoformat(row["from_at"]), row["counts_from"], row["by"], row["reason"]
        )
        for row in stored or ()
    ]


def required_now(now: datetime) -> Required:
    """Return the assurance that samples need now to count."""
    return required_at(requirements(fetch_autocommit), now)


def requirements(execute: Run = fetch) -> Sequence[Requirement]:
    """Return the required assurances by time, the first one first."""
    return [Requirement(**row) for row in execute(REQUIREMENTS, {})]


def required_at(known: Sequence[Requirement], received_at: datetime) -> Required:
    """Return the requirement for what is received at a time, of those from `requirements`."""
    before = (rule.counts_from for rule in reversed(known) if rule.from_at <= received_at)
    return next(before, UNREQUIRED)


def counts_from_of(month: str) -> Required:
    """Return the requirement in force at the end of a month."""
    return required_at(requirements(), _last_instant(month))


def _last_instant(month: str) -> datetime:
    return day_begin(month_end(month)) + timedelta(days=1, microseconds=-1)


def describe(now: datetime, language: Language) -> RulesInForce:
    """Return the rules in force, the next requirement, and what readers of figures must know."""
    known = requirements()
    present = required_at(known, now)
    later = [rule for rule in known if rule.from_at > now]
    since = [rule.from_at for rule in known if rule.from_at <= now]
    return {
        "rules": RULES,
        "counts_from": present,
        "since": since[-1].isoformat() if since else None,
        "next": {"counts_from": later[0].counts_from, "from": later[0].from_at.isoformat()}
        if later
        else None,
        "note": gettext(CLAIMS_COUNT, language) if present == "claimed" else None,
    }


def assurances_from(counts_from: Required) -> list[str]:
    """Return the assurances that meet a requirement."""
    return list(ASSURANCES[ASSURANCES.index(counts_from) :])


def proof_problem(row: SampleRow, counts_from: Required) -> str | None:
    """Return the reason of a row with too little proof to count, or with a proof that waited.

    Rows without a device count if an admin lets them. The place of a sample is the phone's word, so
    where a witness is required it must not wait for one; a witnessed sample was measured when its
    witness began.
    """
    if row["device_id"] is None:
        return None
    assurance = row["assurance"] or UNREQUIRED
    if ASSURANCES.index(assurance) < ASSURANCES.index(counts_from):
        return "unproven"
    if counts_from != "witnessed":
        return None
    end = end_of_test(row["measured_at"], row["raw"].get("duration_s"))
    return "witness_late" if row["received_at"] > end + MAX_WAIT else None


def require_assurance(
    counts_from: Required, reason: str, from_at: datetime | None, now: datetime
) -> Requirement:
    """Require an assurance of samples received from a time on, by default from now; audited.

    Posts may be under way, so it is a minute from now once there are samples. 422 for an earlier
    time: verdicts that were given stay.
    """
    earliest = now if fetch(EMPTY, {})[0]["empty"] else now + IN_FLIGHT
    begin = from_at or earliest
    if begin < earliest:
        raise invalid("from", "requirement_in_past")
    added = Requirement(begin, counts_from, shell_name(), reason)
    details = {"from": added.from_at.isoformat(), "reason": added.reason}
    act, subject = "measurements.counts_from", f"counts_from:{added.counts_from}"
    with owner_session() as owner:
        owner.add(CountingRules(**added._asdict()))
        owner.add(audit_entry(added.by, act, subject, **details))
    return added
