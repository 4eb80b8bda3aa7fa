"""Record measurements from phones: each exactly once, located, judged, counted, in one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.intake import Item, select_new, store_rejected
from backend.measurements.recording.reasons import STATEMENT_MARKS
from backend.measurements.recording.requirements import proof_problem, required_at
from backend.measurements.recording.storage import (
    LOCK_WAIT_S,
    DeviceVersion,
    StateChanged,
    Tickets,
    store,
    update_verdicts,
)
from backend.measurements.recording.timeline import Judged, Sender, State
from backend.units.locator import Locator
from backend.witness.assurance import Assessment, Claim, assess
from backend.witness.keys import device_subject, prefix_digest
from backend.witness.networks import CarrierNetworks
from backend.witness.service import IssuedRow, IssuedTicket, TicketIssuer
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
    hourly_most: int  # measurements of one device
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
    hourly_most = setting("MEASUREMENTS_PER_HOUR")
    return RecordingContext(
        extension("locator"), setting("SECRET_KEY"), hourly_most, caps=caps_in_force(), **own
    )


def caps_in_force() -> rules.Caps:
    """Return the caps of the installation."""
    return rules.Caps(setting("DAILY_CAP"), setting("COMMUNE_CAP"))


@dataclass(frozen=True, slots=True)
class Recorded:
    """The device, the results of a post, and the ticket of the next test if requested."""

    device: KnownDevice
    items: list[Item]
    next_ticket: IssuedTicket | None = None


def record(
    device_id: UUID | None, sent: Sequence[Any], receipt: ReceiptContext, context: RecordingContext
) -> list[Item]:
    """Record measurements: store the content, locate, judge and count it in one commit."""
    return record_batches(device_id, [(sent, receipt)], context)


def record_batches(
    device_id: UUID | None,
    batches: Sequence[tuple[Sequence[Any], ReceiptContext]],
    context: RecordingContext,
) -> list[Item]:
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
    issuer, wanted = context.issuer, None
    if next_profile and issuer:
        used = [item.statements.ticket for item in items if item.statements]
        host = next((ticket.host_id for ticket in reversed(used) if ticket), None)
        wanted = issuer.next_values(next_profile, items[0].id, host, receipt.received_at)
    device, issued = _record(Sender(token), items, context, wanted)
    assert device is not None
    if wanted is None or issuer is None:
        return Recorded(device, items)
    return Recorded(device, items, issuer.next_ticket(token, device.id, wanted, issued))


def _record(
    sender: Sender,
    items: Sequence[Item],
    context: RecordingContext,
    next_ticket: Mapping[str, Any] | None = None,
) -> tuple[KnownDevice | None, IssuedRow]:
    """Judge and store items; return the device and the ticket that was issued, as `store` does.

    A phone's post is tried without a lock: one statement reads, a second one stores if nothing
    came between. Otherwise, and for other senders, the same happens under a lock of the device.
    """
    run = fetch_autocommit if sender.token else fetch
    for _ in range(TRIES):
        if sender.device_id:  # apart from reading: a statement does not see what came as it waited
            _lock(sender.device_id)
        state = timeline.read_state(run, sender, items, context.caps.commune)
        if sender.token and not state.device:
            devices.authenticate(sender.token, items[0].received_at)  # 401, or the first use
            continue
        try:
            return state.device, _judge_and_store(run, state, items, context, next_ticket)
        except StateChanged:
            db.session.rollback()
            run, sender = fetch, Sender(device_id=state.device_id)
    raise Problem(503, "unavailable", headers={"Retry-After": "1"})


def _lock(device_id: UUID) -> KnownDevice:
    """Lock a device; 503 after a while, as where storing waits."""
    fetch("select set_config('lock_timeout', %(wait)s, true)", {"wait": f"{LOCK_WAIT_S}s"})
    return devices.lock_device(device_id)


def _judge_and_store(
    run: Run,
    state: State,
    items: Sequence[Item],
    context: RecordingContext,
    next_ticket: Mapping[str, Any] | None,
) -> IssuedRow:
    """Judge new items and store everything; StateChanged if the state is outdated."""
    device, device_id = state.device, state.device_id
    gate = _gate(device, items, context.hourly_most) if device else None
    new = select_new(items, device_id, state.receipts, state.withdrawn)
    tickets = Tickets(_assess(device_id, new, state.tickets, context), next_ticket)
    rows = [item.row | {"device_id": device_id} for item in new]
    counts = CountChanges()
    changed = judge(run, state, rows, counts, context.caps)
    days = {row["day"] for row in rows} | {row["day"] for row, _ in changed}
    days = days if device and device.joined else set()
    # Samples of a day depend on each other where one of them changed, or by a campaign's cap.
    earned = None
    if device_id and days and not changed:
        earned = earnings.earn_new(run, device_id, rows)
    rejected = [item for item in items if item.outcome == "rejected"]
    if gate and run is not fetch and (changed or rejected or (days and earned is None)):
        run = fetch  # several statements in one transaction: the device's row is the first to lock
        if _lock(gate.device_id).version != gate.version + 1:
            raise StateChanged
        gate = replace(gate, version=gate.version + 1)
    receipts = [
        {"id": item.id, "device_id": device_id, "digest": item.digest,
         "received_at": item.received_at, "kind": "sample"}
        for item in new
    ]  # fmt: skip
    digests = [digest for item in new for digest in item.replay_digests]
    if run is fetch:
        update_verdicts(changed)
        store_rejected(device_id, rejected)
    issued = store(run, gate, receipts, rows, counts, digests, tickets, earned)
    if run is fetch:
        if device_id and days and earned is None:
            earnings.attribute({device_id: days})
        db.session.commit()
    for item, row in zip(new, rows, strict=True):
        item.row = row
    return issued


def _gate(device: KnownDevice, items: Sequence[Item], most: int) -> DeviceVersion:
    """Count measurements against the device's hourly limit; 429 above it."""
    began, counted = device.window_start, device.window_items
    for at, batch in groupby(items, attrgetter("received_at")):
        if began <= at - HOUR:
            began, counted = at, 0
        counted += sum(1 for _ in batch)
        if counted > most:
            retry = str(max(1, int((began + HOUR - at).total_seconds())))
            raise Problem(429, "too_many_requests", headers={"Retry-After": retry})
    return DeviceVersion(device.id, device.version, device.joined, began, counted)


def _assess(
    device_id: UUID | None, new: Sequence[Item], stored: StoredTickets, context: RecordingContext
) -> list[dict[str, Any]]:
    """Set the assurance of new items with a ticket; return the tickets that they use."""
    if device_id is None:
        return []
    sent = [(item, item.statements) for item in new if item.statements]
    uses: dict[UUID, dict[str, Any]] = {}
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


def _claim_of(row: dict[str, Any], device_id: UUID, ticket: Ticket | None, secret: str) -> Claim:
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
    ticket: Ticket, witness: Witness | None, row: dict[str, Any], context: RecordingContext
) -> dict[str, Any]:
    received_at: datetime = row["received_at"]
    use = {"id": ticket.id, "used_by": row["id"], "used_at": received_at}
    prefix = witness and witness.prefix
    if not prefix:
        return use
    digest = prefix_digest(context.key, prefix, local_day(received_at))
    outside = context.networks.outside(prefix) if context.networks else None
    return {**use, "prefix": digest, "outside": outside}


def judge(
    run: Run, state: State, rows: Sequence[dict[str, Any]], counts: CountChanges, caps: rules.Caps
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
        judged = timeline.judge_new(run, state.device_id, rows, judge, state.timeline)
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
