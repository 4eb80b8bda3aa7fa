"""Record measurements from phones: each exactly once, located, judged, counted, in one commit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from backend.clock import local_day
from backend.database.extensions import db, fetch
from backend.devices import service as devices
from backend.devices.service import KnownDevice
from backend.errors import FieldError, Problem
from backend.measurements.recording import earnings, incoming, replays, rules, timeline
from backend.measurements.recording.bodies import storable_text
from backend.measurements.recording.counting import CountChanges
from backend.measurements.recording.incoming import Item, ReceiptContext, parse_item
from backend.measurements.recording.models import RejectedBody
from backend.measurements.recording.reasons import STATEMENT_MARKS
from backend.measurements.recording.rule_sets import InForce, in_force_at, is_unproven
from backend.measurements.recording.storage import (
    DeviceVersion,
    StateChanged,
    Tickets,
    store,
    store_autocommit,
    update_verdicts,
)
from backend.measurements.recording.timeline import Timeline
from backend.units.locator import Locator
from backend.witness.assurance import Assessment, Claim, Statements, assess
from backend.witness.keys import device_subject, prefix_digest
from backend.witness.networks import CarrierNetworks
from backend.witness.service import IssuedRow, IssuedTicket, TicketIssuer
from backend.witness.statements import Ticket, Witness
from backend.witness.verification import StatementVerifier, StoredTickets, read_tickets

# Two devices that use one id at the same time: the second attempt finds the first's receipt.
TRIES = 3
HOUR = timedelta(hours=1)

RECEIPTS = "select id, device_id, digest from receipts where id = any(%(ids)s)"


@dataclass(frozen=True, slots=True)
class JudgingSettings:
    """Settings of the installation that verdicts depend on."""

    count_manual: bool = False
    caps: rules.Caps = rules.DEFAULT_CAPS


def judging_settings(config: Mapping[str, Any]) -> JudgingSettings:
    """Return the settings of verdicts."""
    caps = rules.Caps(config["DAILY_CAP"], config["COMMUNE_CAP"])
    return JudgingSettings(config["COUNT_MANUAL"], caps)


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


@dataclass(frozen=True, slots=True)
class Recorded:
    """The device, the results of a post, and the ticket of the next test if requested."""

    device: KnownDevice
    items: list[Item]
    next_ticket: IssuedTicket | None = None


@dataclass(frozen=True, slots=True)
class _Judging:
    """What verdicts depend on besides the new rows."""

    owner: rules.Owner | None  # None: rows of no device
    caps: rules.Caps
    in_force: Mapping[datetime, InForce]  # by the time of receipt
    stored: Timeline | None = None  # if it was read already, outside the session


def _owner(device: KnownDevice) -> rules.Owner:
    return rules.Owner(device.registered_at, device.receiver_from)


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
    items = _prepare(batches, context)
    _record_locked(device_id, items, context)
    return items


def record_optimistically(
    token: str,
    sent: Sequence[Any],
    receipt: ReceiptContext,
    context: RecordingContext,
    next_profile: str | None = None,
) -> Recorded:
    """Record for the device of a token: two statements and no lock if there is no conflict.

    The first statement reads device and timeline, the second stores the result if the device's
    version is still the same: then no other post, revision or withdrawal came between. Otherwise
    the device is locked and its measurements are judged again. With `next_profile` the second
    statement also issues a ticket of that profile.
    """
    items = _prepare([(sent, receipt)], context)
    readable = [item.row for item in items if not item.errors and not item.time_error]
    now = receipt.received_at
    statements = [item.statements for item in items if item.statements]
    known = timeline.read_with_device(token, now, readable, context.caps, statements)
    if known is None:
        devices.authenticate(token, now)  # 401, or the first use is recorded
        known = timeline.read_with_device(token, now, readable, context.caps, statements)
    if known is None:
        raise devices.unauthorized()
    device = known.device
    gate = _gate(device, items, context.hourly_most)
    judging = _Judging(_owner(device), context.caps, {now: known.in_force}, known.timeline)
    issuer, wanted = context.issuer, None
    if next_profile and issuer:
        wanted = issuer.next_values(next_profile, items[0].id, now)
    try:
        new = _select_new(device.id, items, [], ())
        tickets = Tickets(_assess(device.id, new, known.tickets, context), wanted)
        issued = _judge_and_store(device.id, items, new, tickets, gate, judging)
    except StateChanged:
        db.session.rollback()
        issued = _record_locked(device.id, items, context, wanted)
    if wanted is None or issuer is None:
        return Recorded(device, items)
    return Recorded(device, items, issuer.next_ticket(token, device.id, wanted, issued))


def _record_locked(
    device_id: UUID | None,
    items: Sequence[Item],
    context: RecordingContext,
    next_ticket: Mapping[str, Any] | None = None,
) -> IssuedRow:
    """Record under a lock of the device; return the ticket that was issued, as `store` does."""
    ids = [item.id for item in items if item.id]
    digests = [digest for item in items for digest in item.replay_digests]
    for _ in range(TRIES):
        gate = owner = None
        if device_id:
            device = devices.lock_device(device_id)
            gate = _gate(device, items, context.hourly_most)
            owner = _owner(device)
        received = {item.received_at for item in items}
        judging = _Judging(owner, context.caps, in_force_at(received))
        receipts = fetch(RECEIPTS, {"ids": ids}) if ids else []
        try:
            # After the receipts: a withdrawal at the same time deletes these and adds digests.
            withdrawn = replays.withdrawn_among(digests) if digests else ()
            new = _select_new(device_id, items, receipts, withdrawn)
            stored = read_tickets(fetch, [item.statements for item in new])
            uses = _assess(device_id, new, stored, context) if device_id else []
            tickets = Tickets(uses, next_ticket)
            return _judge_and_store(device_id, items, new, tickets, gate, judging)
        except StateChanged:
            db.session.rollback()
    raise Problem(503, "unavailable", headers={"Retry-After": "1"})


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


def _prepare(
    batches: Sequence[tuple[Sequence[Any], ReceiptContext]], context: RecordingContext
) -> list[Item]:
    """Compute everything that follows from each item alone, without the database."""
    sent = [
        (parse_item(raw, receipt.received_at, context.key), receipt)
        for raws, receipt in batches
        for raw in raws
    ]
    readable = [(item, receipt) for item, receipt in sent if not item.errors]
    for item, receipt in readable:
        item.statements = _verify(item, receipt, context.verifier)
        item.row = incoming.row_of(item, receipt)
        if outside := incoming.outside_time(item.row, receipt):
            item.time_error = FieldError("measured_at", outside)
    _locate([item for item, _ in readable], context.locator)
    for item, receipt in readable:
        derived = incoming.derived_columns(item.row, item.loaded, item.placed, receipt)
        item.row |= {"id": item.id, **derived}
    return [item for item, _ in sent]


def _verify(
    item: Item, receipt: ReceiptContext, verifier: StatementVerifier | None
) -> Statements | None:
    """Verify the statements of an app's sample; those of other samples prove nothing."""
    test = item.loaded.get("test")
    source = item.loaded.get("source") or receipt.source
    if test is None or verifier is None or source != "app" or not receipt.has_device:
        return None
    return verifier.verify(test["ticket"], test.get("witness"))


def _assess(
    device_id: UUID, new: Sequence[Item], stored: StoredTickets, context: RecordingContext
) -> list[dict[str, Any]]:
    """Set the assurance of new items with a ticket; return the tickets that they use."""
    sent = [(item, item.statements) for item in new if item.statements]
    uses: dict[UUID, dict[str, Any]] = {}
    for item, statements in sent:
        ticket, row = statements.ticket, item.row
        if ticket and ticket.id in uses:
            assessment = Assessment("claimed", "ticket_used")
        else:
            claim = _claim_of(row, device_id, ticket, context.key)
            assessment = assess(statements, stored.get(statements.keys), claim)
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


def _select_new(
    device_id: UUID | None,
    items: Sequence[Item],
    receipts: Sequence[dict[str, Any]],
    withdrawn: Collection[bytes],
) -> list[Item]:
    """Set the outcome of each readable item and return the new ones."""
    known = {row["id"]: (row["device_id"], row["digest"]) for row in receipts}
    new = []
    for item in items:
        if item.id is None:
            continue
        mine = (device_id, item.digest)
        item.errors = ()
        if item.id in known:
            item.outcome = "duplicate" if known[item.id] == mine else "conflict"
        elif any(digest in withdrawn for digest in item.replay_digests):
            item.outcome, item.errors = "conflict", [FieldError("id", "withdrawn_before")]
        elif item.time_error:
            item.outcome, item.errors = "rejected", [item.time_error]
        else:
            known[item.id] = mine
            item.outcome = "accepted"
            new.append(item)
    return new


def _judge_and_store(
    device_id: UUID | None,
    items: Sequence[Item],
    new: Sequence[Item],
    tickets: Tickets,
    gate: DeviceVersion | None,
    judging: _Judging,
) -> IssuedRow:
    """Judge new items and store everything; StateChanged if the judged state is outdated.

    Returns the ticket that was issued, as `store` does.
    """
    stored = judging.stored
    if stored and not {row["id"] for row in stored.rows}.isdisjoint(item.id for item in new):
        raise StateChanged  # a duplicate or a conflict, which needs the receipts
    if stored is not None and any(item.time_error for item in items):
        raise StateChanged  # it may have been stored in time, which needs the receipts too
    deltas = CountChanges()
    rows = [item.row | {"device_id": device_id} for item in new]
    receipts = [_receipt_row(item.digest, row) for item, row in zip(new, rows, strict=True)]
    changed = _judge(device_id, rows, deltas, judging)
    digests = [digest for item in new for digest in item.replay_digests]
    rejected = [item for item in items if item.outcome == "rejected"]
    joined = gate is not None and gate.joined
    alone = stored is not None and not (changed or rejected)
    earned = earnings.earn_new(device_id, rows) if alone and joined and device_id else None
    if alone and (earned is not None or not joined):
        issued = store_autocommit(gate, receipts, rows, deltas, digests, tickets, earned)
    else:
        update_verdicts(changed)
        _store_rejected(device_id, rejected)
        issued = store(gate, receipts, rows, deltas, digests, tickets)
        if joined and device_id:
            earnings.attribute({device_id: [row["day"] for row in (*rows, *changed)]})
        db.session.commit()
    for item, row in zip(new, rows, strict=True):
        item.row = row
    return issued


def _locate(items: Sequence[Item], locator: Locator) -> None:
    """Look up the communes of all items at once: a batch costs little more than one item."""
    placeable = [(item, at) for item in items if (at := incoming.position_of(item.row))]
    if len(placeable) == 1:
        item, at = placeable[0]
        item.placed = locator.locate(*at)
    elif placeable:
        found = locator.locate_many(*zip(*[at for _, at in placeable], strict=True))
        for (item, _), placed in zip(placeable, found, strict=True):
            item.placed = placed


def _judge(
    device_id: UUID | None,
    rows: Sequence[dict[str, Any]],
    deltas: CountChanges,
    judging: _Judging,
) -> list[dict[str, Any]]:
    """Set the verdicts of new rows; return the changed verdicts of stored rows."""
    if not rows:
        return []
    owner = judging.owner
    for row in rows:
        in_force = judging.in_force[row["received_at"]]
        row["rules"] = rules.version_of(
            row["received_at"],
            row["measured_at"],
            owner.registered_at if owner else None,
            in_force.switched_at,
        )
        if is_unproven(row, in_force.counts_from):
            row["own_reasons"] = rules.by_weight([*row["own_reasons"], "unproven"])
    if device_id is None or owner is None:
        for row in rows:
            _set_verdict(row, judge_single(row))
            deltas.add(row, row["reasons"], 1)
        return []
    new = {row["id"]: row for row in rows}
    changed: list[dict[str, Any]] = []
    switched_at = next(iter(judging.in_force.values())).switched_at
    judge = timeline.Judge(owner, judging.caps, switched_at)
    for entry, verdict in timeline.judge_new(device_id, rows, judge, judging.stored):
        if added := new.get(entry["id"]):
            _set_verdict(added, verdict)
        else:
            deltas.add(entry, entry["reasons"], -1)
            changed.append(verdict_row(entry, verdict))
        deltas.add(entry, verdict.reasons, 1)
    return changed


def judge_single(row: Mapping[Any, Any]) -> rules.Verdict:
    """Return the verdict on a row without a device."""
    mock = "mock_position" in row["marks"]
    return rules.judge_single(row["own_reasons"], mock, row["rules"])


def _set_verdict(row: dict[str, Any], verdict: rules.Verdict) -> None:
    row |= {"reasons": verdict.reasons, "valid": verdict.valid, "counted": verdict.counted}


def verdict_row(row: Any, verdict: rules.Verdict) -> dict[str, Any]:
    """Return a changed verdict as a row for `update_verdicts`."""
    return {
        "id": row["id"],
        "day": row["day"],
        "before": row["reasons"],
        "reasons": verdict.reasons,
        "own_reasons": row["own_reasons"],
        "valid": verdict.valid,
        "counted": verdict.counted,
        "rules": row["rules"],
    }


def _receipt_row(digest: bytes, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "device_id": row["device_id"],
        "digest": digest,
        "received_at": row["received_at"],
        "month": row["day"].isoformat()[:7],
    }


def _store_rejected(device_id: UUID | None, items: Sequence[Item]) -> None:
    """Store the bodies of rejected items; their ids stay free."""
    if items:
        rejected = [
            {
                "device_id": device_id,
                "received_at": item.received_at,
                "body": storable_text(item.raw),
                "errors": [{"field": error.field, "code": error.code} for error in item.errors],
            }
            for item in items
        ]
        db.session.execute(insert(RejectedBody), rejected)
