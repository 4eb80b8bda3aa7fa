"""Store receipts, measurements, changes of counts and uses of tickets in one statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from backend.database.extensions import Run, array_literal, db, dump
from backend.measurements.recording.counting import CountChanges
from backend.measurements.recording.earning_sums import EarnedRows
from backend.measurements.recording.rows import SampleRow
from backend.measurements.recording.store_statements import STORE, STORE_FOR_TEAM
from backend.measurements.recording.timeline import UPDATE, Judged
from backend.witness.service import IssuedRow, NextTicket

# A post waits for another one to its phone or commune, for milliseconds; longer for a bulk change:
# then it is answered 503 and sent again, so that not all threads wait.
LOCK_WAIT_S = 2


class StateChanged(Exception):
    """What verdicts and outcomes were based on changed before they were stored."""


class VersionValues(TypedDict):
    """Parameters of the statements that store; all null: rows of no device."""

    device: UUID | None
    version: int | None
    window_start: datetime | None  # of the hour whose measurements are counted
    window_items: int | None


@dataclass(frozen=True, slots=True)
class DeviceVersion:
    """The device's version that verdicts are based on, and its measurements of this hour."""

    device_id: UUID
    version: int
    window_start: datetime
    window_items: int

    def values(self) -> VersionValues:
        """Return the parameters of the statements that store."""
        return {
            "device": self.device_id,
            "version": self.version,
            "window_start": self.window_start,
            "window_items": self.window_items,
        }


class TicketUse(TypedDict):
    """A ticket that a sample uses, with what its witness saw of the network."""

    id: UUID
    used_by: UUID  # the sample
    used_at: datetime
    prefix: NotRequired[bytes]  # keyed digest of the client's network
    outside: NotRequired[bool | None]  # outside the networks of its carrier; null: unknown


@dataclass(frozen=True, slots=True)
class Tickets:
    """The tickets that a post uses, and the values of the one that it gets, if any."""

    uses: Sequence[TicketUse]
    next: NextTicket


# Of rows of no device, which has no version.
NO_DEVICE: VersionValues = {
    "device": None,
    "version": None,
    "window_start": None,
    "window_items": None,
}


class ReceiptRow(TypedDict):
    """A row of `receipts`."""

    id: UUID  # of the sample
    device_id: UUID | None  # null: imported
    digest: bytes  # of the content
    received_at: datetime
    kind: str  # sample


def store(
    execute: Run,
    device: DeviceVersion | None,
    receipts: Sequence[ReceiptRow],
    rows: Sequence[SampleRow],
    changes: CountChanges,
    digests: Sequence[bytes],
    tickets: Tickets,
    earned: EarnedRows | None = None,
) -> IssuedRow:
    """Add measurements, receipts and counts; StateChanged: nothing was added.

    `digests` must not be those of withdrawn measurements. Returns the next ticket, if it was
    issued.
    """
    values: dict[str, Any] = {
        **(device.values() if device else NO_DEVICE),
        **tickets.next,
        "lock_wait": f"{LOCK_WAIT_S}s",
        "receipts": dump(receipts),
        "rows": dump(rows),
        "months": dump(changes.months()),
        "days": dump(changes.days()),
        "digests": array_literal(digests),
        "tickets": dump(tickets.uses),
        "used": array_literal(use["id"] for use in tickets.uses),
    }
    try:
        if earned and earned.earnings:
            [stored] = execute(STORE_FOR_TEAM, values | earned.values())
        else:
            [stored] = execute(STORE, values)
    except IntegrityError:  # a receipt that was committed at the same time
        raise StateChanged from None
    if not stored["n"]:
        raise StateChanged
    issued: IssuedRow = stored["issued"]
    return issued


def update_verdicts(judged: Iterable[Judged]) -> None:
    """Write changed verdicts on stored rows; each adds an event."""
    verdicts = [
        {
            "id": row["id"],
            "before": row["reasons"],
            "reasons": verdict.reasons,
            "own_reasons": row["own_reasons"],
            "valid": verdict.valid,
            "counted": verdict.counted,
        }
        for row, verdict in judged
    ]
    if verdicts:
        db.session.execute(UPDATE, {"verdicts": dump(verdicts)})
