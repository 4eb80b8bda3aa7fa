"""Record measurements from phones: each exactly once, located, judged, counted, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from backend.clock import local_day
from backend.database.extensions import Run, db, extension, fetch, fetch_autocommit, setting
from backend.devices import service as devices
from backend.devices.service import KnownDevice
from backend.errors import Problem
from backend.measurements.recording import earnings, incoming, rules, timeline
from backend.measurements.recording.counting import CountChanges
from backend.measurements.recording.earning_sums import EarnedRows
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.intake import select_new, store_rejected
from backend.measurements.recording.reasons import STATEMENT_MARKS
from backend.measurements.recording.requirements import proof_problem, required_at
from backend.measurements.recording.rows import SampleItem, SampleRow
from backend.measurements.recording.storage import (
    LOCK_WAIT_S,
    DeviceVersion,
    ReceiptRow,
    StateChanged,
    Tickets,
    TicketUse,
    store,
    update_verdicts,
)
from backend.measurements.recording.timeline import Judged, Sender, State
from backend.units.locator import Locator
from backend.witness.assurance import Assessment, Claim, assess
from backend.witness.keys import device_subject, prefix_digest
from backend.witness.networks import CarrierNetworks
from backend.witness.service import NO_TICKET, IssuedRow, IssuedTicket, NextTicket, TicketIssuer
from backend.witness.statements import Ticket, Witness
from backend.witness.verification import StatementVerifier, StoredTickets

# The first use of a token, a try without a lock and those with it: if two devices use one id at the
# same time, the second attempt finds the first's receipt.
TRIES = 5
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RecordingContext:
    """Objects and settings of the installation that recording needs."""

    locator: Locator
    key: str  # of content digests
    max_per_hour: int  # measurements of one device
    verifier: StatementVerifier | None = None  # None: tickets are ignored
    caps: rules.Caps = rules.DEFAULT_CAPS
    networks: CarrierNetworks | None = None
    issuer: TicketIssuer | None = None  # for tickets of next tests


def recording_context(*, tickets: bool = True) -> RecordingContext:
    """Return the objects and settings of the app, with those of tickets where samples have any."""
    own: dict[str, Any] = {}
    if tickets:
        own = {"verifier": extension("statement_verifier"), "issuer": extension("ticket_issuer")}
        own["networks"] = extension("carrier_networks")
    max_per_hour = setting("MEASUREMENTS_PER_HOUR")
    return RecordingContext(
        extension("locator"), setting("SECRET_KEY"), max_per_hour, caps=caps_in_force(), **own
    )


def caps_in_force() -> rules.Caps:
    """Return the caps of the installation."""
    return rules.Caps(setting("DAILY_CAP"), setting("COMMUNE_CAP"))


@dataclass(frozen=True, slots=True)
class Recorded:
    """The device, the results of a post, and the ticket of the next test if requested."""

    device: KnownDevice
    items: list[SampleItem]
    next_ticket: IssuedTicket | None = None


def record(
    device_id: UUID | None, sent: Sequence[Any], receipt: ReceiptContext, context: RecordingContext
) -> list[SampleItem]:
    """Record measurements: store the content, locate, judge and count it in one commit."""
    return record_batches(device_id, [(sent, receipt)], context)


def record_batches(
    device_id: UUID | None,
    batches: Sequence[tuple[Sequence[Any], ReceiptContext]],
    context: RecordingContext,
) -> list[SampleItem]:
    """Record batches in order of receipt, each with its own context, in one commit.

    The verdicts are those of recording one batch after the other.
    """
    items = incoming.prepare(batches, context.locator, context.key, context.verifier)
    _record(Sender(device_id=device_id), items, context)
    return items


def record_post(
    token: str,
    sent: Sequence[Any],
    receipt: ReceiptContext,
    context: RecordingContext,
    next_profile: str | None = None,
) -> Recorded:
    """Record for the device of a token; with `next_profile` also issue a ticket of that profile."""
    items = incoming.prepare([(sent, receipt)], context.locator, context.key, context.verifier)
    issuer, wanted = context.issuer, NO_TICKET
    if next_profile and issuer:
        used = [item.statements.ticket for item in items if item.statements]
        host = next((ticket.host_id for ticket in reversed(used) if ticket), None)
        wanted = issuer.next_values(next_profile, items[0].id, host, receipt.received_at)
    device, issued = _record(Sender(token), items, context, wanted)
    assert device is not None
    if wanted is NO_TICKET or issuer is None:
        return Recorded(device, items)
    return Recorded(device, items, issuer.next_ticket(token, device.id, wanted, issued))


@dataclass(frozen=True, slots=True)
class Changes:
    """What a post changes: new rows with their verdicts, verdicts of stored ones, and sums."""

    new: list[SampleItem]
    rows: list[SampleRow]  # of the new items
    judged: list[Judged]  # stored rows with another verdict
    rejected: list[SampleItem]
    counts: CountChanges
    tickets: Tickets
    days: set[date]  # of samples that may be a team's
    earned: EarnedRows | None  # None: unknown before the verdicts are stored

    @property
    def only_adds(self) -> bool:
        """Whether one statement stores everything."""
        return not (self.judged or self.rejected or (self.days and self.earned is None))


def _record(
    sender: Sender,
    items: Sequence[SampleItem],
    context: RecordingContext,
    next_ticket: NextTicket = NO_TICKET,
) -> tuple[KnownDevice | None, IssuedRow]:
    """Judge and store items; return the device and the ticket that was issued, as `store` does.

    A phone's post is tried without a lock: one statement reads, a second one stores if nothing
    came between. Otherwise, and for other senders, the same happens under a lock of the device.
    """
    execute = fetch_autocommit if sender.token else fetch
    for _ in range(TRIES):
        if sender.device_id:  # apart from reading: a statement does not see what came as it waited
            _lock(sender.device_id)
        state = timeline.read_state(execute, sender, items, context.caps.commune)
        if sender.token and not state.device:
            devices.authenticate(sender.token, items[0].received_at)  # 401, or the first use
            continue
        version = _device_version(state.device, items, context.max_per_hour)
        changes = _changes_of(execute, state, items, context, next_ticket)
        try:
            if sender.token and version:
                return state.device, _store_without_lock(version, changes)
            return state.device, _store_in_transaction(version, changes)
        except StateChanged:
            db.session.rollback()
            execute, sender = fetch, Sender(device_id=state.device_id)
    raise Problem(503, "unavailable", headers={"Retry-After": "1"})


def _lock(device_id: UUID) -> KnownDevice:
    """Lock a device; 503 after a while, as where storing waits."""
    fetch("select set_config('lock_timeout', %(wait)s, true)", {"wait": f"{LOCK_WAIT_S}s"})
    return devices.lock_device(device_id)


def _device_version(
    device: KnownDevice | None, items: Sequence[SampleItem], max_per_hour: int
) -> DeviceVersion | None:
    """Count measurements against the device's hourly limit; 429 above it."""
    if device is None:
        return None
    began, counted = device.window_start, device.window_items
    for at, batch in groupby(items, attrgetter("received_at")):
        if began <= at - HOUR:
            began, counted = at, 0
        counted += sum(1 for _ in batch)
        if counted > max_per_hour:
            retry = str(max(1, int((began + HOUR - at).total_seconds())))
            raise Problem(429, "too_many_requests", headers={"Retry-After": retry})
    return DeviceVersion(device.id, device.version, began, counted)


def _changes_of(
    execute: Run,
    state: State,
    items: Sequence[SampleItem],
    context: RecordingContext,
    next_ticket: NextTicket,
) -> Changes:
    """Judge new items, and return what has to be stored; samples of a day may depend on each other.

    They do where a verdict of a stored one changes, or by a campaign's cap.
    """
    device_id = state.device_id
    new = select_new(items, device_id, state.receipts, state.withdrawn)
    tickets = Tickets(_assess(device_id, new, state.tickets, context), next_ticket)
    rows: list[SampleRow] = [{**item.row, "device_id": device_id} for item in new]
    counts = CountChanges()
    judged = judge(execute, state, rows, counts, context.caps)
    joined = state.device is not None and state.device.joined
    days = {row["day"] for row in (*rows, *(row for row, _ in judged))} if joined else set()
    earned = earnings.earn_new(state.attribution, rows) if days and not judged else None
    rejected = [item for item in items if item.outcome == "rejected"]
    return Changes(new, rows, judged, rejected, counts, tickets, days, earned)


def _store_without_lock(version: DeviceVersion, changes: Changes) -> IssuedRow:
    """Store by one statement where it is enough, which commits; StateChanged if that is outdated.

    Otherwise in a transaction, whose first lock is that of the device.
    """
    if changes.only_adds:
        return _store(fetch_autocommit, version, changes)
    if _lock(version.device_id).version != version.version + 1:
        raise StateChanged
    return _store_in_transaction(replace(version, version=version.version + 1), changes)


def _store_in_transaction(version: DeviceVersion | None, changes: Changes) -> IssuedRow:
    """Store by several statements and commit; the device, if there is one, is locked."""
    device_id = version.device_id if version else None
    update_verdicts(changes.judged)
    store_rejected(device_id, changes.rejected)
    issued = _store(fetch, version, changes)
    if device_id and changes.days and changes.earned is None:
        earnings.attribute({device_id: changes.days})
    db.session.commit()
    return issued


def _store(execute: Run, version: DeviceVersion | None, changes: Changes) -> IssuedRow:
    device_id = version.device_id if version else None
    receipts: list[ReceiptRow] = [
        {"id": item.row["id"], "device_id": device_id, "digest": item.digest,
         "received_at": item.received_at, "kind": "sample"}
        for item in changes.new
    ]  # fmt: skip
    digests = [digest for item in changes.new for digest in item.replay_digests]
    issued = store(
        execute,
        version,
        receipts,
        changes.rows,
        changes.counts,
        digests,
        changes.tickets,
        changes.earned,
    )
    for item, row in zip(changes.new, changes.rows, strict=True):
        item.row = row
    return issued


def _assess(
    device_id: UUID | None,
    new: Sequence[SampleItem],
    stored: StoredTickets,
    context: RecordingContext,
) -> list[TicketUse]:
    """Set the assurance of new items with a ticket; return the tickets that they use."""
    if device_id is None:
        return []
    sent = [(item, item.statements) for item in new if item.statements]
    uses: dict[UUID, TicketUse] = {}
    for item, statements in sent:
        ticket, row = statements.ticket, item.row
        if ticket and ticket.id in uses:
            assessment = Assessment("claimed", "ticket_used")
        else:
            issued = stored.get(statements.keys)
            assessment = assess(statements, issued, _claim_of(row, device_id, ticket, context.key))
            if issued and assessment.uses_ticket:
                row["host"] = issued.host
        row["assurance"] = assessment.assurance
        kept = [mark for mark in row["marks"] if mark not in STATEMENT_MARKS]
        row["marks"] = [*kept, assessment.code] if assessment.code else kept
        if ticket and assessment.uses_ticket:
            uses[ticket.id] = _use_of(ticket, statements.witness, row, context)
    return list(uses.values())


def _claim_of(row: SampleRow, device_id: UUID, ticket: Ticket | None, secret: str) -> Claim:
    return Claim(
        id=row["id"],
        subject=device_subject(secret, device_id, ticket.id) if ticket else "",
        finished=row["status"] == "finished",
        measured_at=row["measured_at"],
        received_at=row["received_at"],
        download_mbps=row["download_mbps"],
        upload_mbps=row["upload_mbps"],
    )


def _use_of(
    ticket: Ticket, witness: Witness | None, row: SampleRow, context: RecordingContext
) -> TicketUse:
    received_at = row["received_at"]
    use: TicketUse = {"id": ticket.id, "used_by": row["id"], "used_at": received_at}
    prefix = witness and witness.prefix
    if not prefix:
        return use
    digest = prefix_digest(context.key, prefix, local_day(received_at))
    outside = context.networks.outside(prefix) if context.networks else None
    return {**use, "prefix": digest, "outside": outside}


def judge(
    execute: Run,
    state: State,
    rows: Sequence[SampleRow],
    counts: CountChanges,
    caps: rules.Caps,
) -> list[Judged]:
    """Set the verdicts of new rows; return the changed verdicts of stored rows."""
    if not rows:
        return []
    owner = state.owner
    for row in rows:
        counts_from = required_at(state.requirements, row["received_at"])
        if problem := proof_problem(row, counts_from):
            row["own_reasons"] = rules.by_weight([*row["own_reasons"], problem])
    if owner and state.device_id:
        judge = timeline.Judge(owner, caps)
        judged = timeline.judge_new(execute, state.device_id, rows, judge, state.timeline)
    else:
        judged = [(row, timeline.judge_single(row)) for row in rows]
    new, changed = {row["id"]: row for row in rows}, []
    for entry, verdict in judged:
        if added := new.get(entry["id"]):
            added["reasons"] = verdict.reasons
            added["valid"], added["counted"] = verdict.valid, verdict.counted
        else:
            counts.add(entry, entry["reasons"], -1)
            changed.append((entry, verdict))
        counts.add(entry, verdict.reasons, 1)
    return changed
