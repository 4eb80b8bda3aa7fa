"""How well a measurement is proven. Pure functions of plain values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from backend.witness.statements import Ticket, Witness

# In ascending order of proof; imported rows have none.
Assurance = Literal["imported", "claimed", "ticketed", "witnessed"]
ASSURANCES: tuple[Assurance, ...] = get_args(Assurance)
# Method and rounding of client and host differ; radio changes between their clocks.
CLAIM_TOLERANCE = 1.25
# Clocks of phone, host and installation differ by network delay and drift.
MAX_SKEW = timedelta(minutes=2)
# Phones without a network send a witness later than its host replaced its key.
KEY_VALID_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Statements:
    """The ticket of a post, not verified, and its verified witness, or why it has none."""

    ticket: Ticket | None = None
    witness: Witness | None = None
    key_id: str | None = None  # of the witness
    code: str | None = None

    @property
    def keys(self) -> tuple[UUID | None, str | None]:
        """The ids of the ticket and of the witness's key."""
        return self.ticket.id if self.ticket else None, self.key_id


@dataclass(frozen=True, slots=True)
class StoredTicket:
    """A ticket as issued, with its host and the key of the witness at the time of the post."""

    host_id: UUID
    host: int  # its number
    profile: str
    issued_at: datetime
    expires_at: datetime
    used_by: UUID | None
    signs: bool
    revoked_at: datetime | None
    key_replaced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The values of a measurement that a witness is compared with."""

    id: UUID
    subject: str  # of the device in this ticket
    finished: bool
    measured_at: datetime
    received_at: datetime
    download_mbps: float | None
    upload_mbps: float | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The assurance of a measurement, why it is not better, and whether it uses its ticket."""

    assurance: Assurance
    code: str | None = None
    uses_ticket: bool = False


def check_statements(ticket: Ticket, witness: Witness) -> str | None:
    """Return why a witness is not one of this ticket; None if it is."""
    same = (
        witness.ticket_id == ticket.id
        and witness.host_id == ticket.host_id
        and witness.subject == ticket.subject
        and witness.profile == ticket.profile
        and witness.start <= witness.end
    )
    if not same:
        return "witness_invalid"
    if witness.audience != ticket.issuer:
        return "server_foreign"
    if not _in_life(ticket, witness.start):
        return "ticket_expired"
    return None


def assess(statements: Statements, stored: StoredTicket | None, claim: Claim) -> Assessment:
    """Return the assurance of a measurement with a ticket."""
    ticket = statements.ticket
    if ticket is None:
        return Assessment("claimed", statements.code)
    if stored is None or not _is_stored(ticket, stored):
        return Assessment("claimed", "ticket_invalid")
    if ticket.subject != claim.subject:
        return Assessment("claimed", "ticket_foreign")
    if stored.used_by not in (None, claim.id):
        return Assessment("claimed", "ticket_used")
    if not claim.finished:
        return Assessment("claimed", uses_ticket=True)
    if stored.revoked_at is not None and stored.revoked_at <= claim.received_at:
        return Assessment("claimed", "host_revoked", uses_ticket=True)
    if stored.signs:
        code = _witness_problem(statements, stored, claim)
        return Assessment("claimed" if code else "witnessed", code, uses_ticket=True)
    if not _in_life(ticket, claim.measured_at):
        return Assessment("claimed", "ticket_expired", uses_ticket=True)
    return Assessment("ticketed", uses_ticket=True)


def _witness_problem(statements: Statements, stored: StoredTicket, claim: Claim) -> str | None:
    """Return the first problem of the witness that a signing host must provide."""
    witness = statements.witness
    if witness is None:
        return statements.code or "witness_missing"
    replaced = stored.key_replaced_at
    if replaced is not None and replaced + KEY_VALID_AFTER <= claim.received_at:
        return "host_unknown"
    if witness.end > claim.received_at + MAX_SKEW:
        return "witness_invalid"
    if not (witness.down.complete and witness.up.complete):
        return "witness_incomplete"
    for claimed, seen in ((claim.download_mbps, witness.down), (claim.upload_mbps, witness.up)):
        if claimed is not None and claimed > CLAIM_TOLERANCE * (seen.mbps or 0.0):
            return "claim_differs"
    return None


def _is_stored(ticket: Ticket, stored: StoredTicket) -> bool:
    """Return whether a ticket has the claims with which it was issued."""
    return (
        ticket.host_id == stored.host_id
        and ticket.profile == stored.profile
        and ticket.issued_at == stored.issued_at.replace(microsecond=0)
        and ticket.expires_at == stored.expires_at.replace(microsecond=0)
    )


def _in_life(ticket: Ticket, at: datetime) -> bool:
    """Return whether a test at this time is one of the ticket."""
    return ticket.issued_at - MAX_SKEW <= at <= ticket.expires_at + MAX_SKEW
