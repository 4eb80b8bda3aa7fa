"""What samples and coverage-gap notes share: items with an id and a digest, outcomes, answers.

A kind has three functions of its own: it reads the content, places it, and stores what is new.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict, TypeVar, get_args
from uuid import UUID

from marshmallow import Schema, ValidationError
from sqlalchemy import func, insert, select, text

from backend.clock import day_begin, local_day
from backend.database.extensions import db
from backend.errors import FieldError, Problem, field_errors
from backend.fields import Json, encodable
from backend.measurements.recording import replays
from backend.measurements.recording.models import RejectedBody
from backend.measurements.recording.rules import MAX_SKEW, MIN_SKEW

NOT_CONTENT = ("id", "sent_at", "test")
# Kept: making an encoder costs a post as much as encoding a sample.
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
# Bodies of rejected items are kept to find out what an app does wrong. A usual sample has 700
# characters, and some show the cause; with the total, the table has some 50 MB at most.
MAX_REJECTED = 500
REJECTED_PER_DAY = 20  # of a device
REJECTED_KEPT = 50_000  # of all: the latest, so that nobody can end the keeping of others
FORGET_REJECTED = text("""
    delete from refused where id in (
        select id from refused where id <= (select max(id) from refused) - :kept
        for update skip locked)
""")

Outcome = Literal["accepted", "duplicate", "conflict", "rejected"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class OutcomeCounts(TypedDict):
    """The items of a batch by outcome."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: int


@dataclass(slots=True)
class Item:
    """One sample or note of a request with its result so far."""

    raw: Json
    received_at: datetime
    echo: str | None = None  # the id as it was sent
    id: UUID | None = None
    loaded: Mapping[str, Any] = field(default_factory=dict)
    digest: bytes = b""
    replay_digests: tuple[bytes, ...] = ()  # of id and content, if it were withdrawn
    refusal: FieldError | None = None  # of a new one; what is stored already is a duplicate
    outcome: Outcome = "rejected"
    errors: Sequence[FieldError] = ()


AnyItem = TypeVar("AnyItem", bound=Item)
Result = TypeVar("Result")  # the answer about an item of a kind


def receive(
    item: AnyItem, schema: Schema, key: str, check: Callable[[AnyItem], Sequence[FieldError]]
) -> None:
    """Read an item by the schema of its kind; `key` is the key of content digests.

    `check` returns further errors.
    """
    if not isinstance(item.raw, dict):
        item.errors = [FieldError("", "not_object")]
        return
    raw, sent_id = item.raw, item.raw.get("id")
    item.echo = sent_id if isinstance(sent_id, str) and encodable(sent_id) else None
    if "test" in raw:  # a witness names the client's network, which is not stored
        item.raw = {name: value for name, value in raw.items() if name != "test"}
    try:
        item.loaded = schema.load(raw)
        item.digest = digest(raw, key)
        errors = check(item)
    except ValidationError as error:
        item.errors = field_errors(error.messages)
        return
    identity = read_id(item.loaded["id"])
    if errors or identity is None:
        item.errors = errors if identity else [FieldError("id", "not_uuid")]
        return
    item.id, item.outcome = identity, "accepted"
    by_content = replays.content_digest(item.digest, key)
    item.replay_digests = (replays.id_digest(identity, key), by_content)


def read_id(value: Json) -> UUID | None:
    """Parse a client's UUID in any letter case; None if it is invalid."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def parse_ids(values: Sequence[str], field: str) -> list[UUID]:
    """Parse the ids in a field of a request; ValidationError names the one that is none."""
    ids = []
    for position, value in enumerate(values):
        identity = read_id(value)
        if identity is None:
            raise ValidationError({f"{field}.{position}": ["not_uuid"]})
        ids.append(identity)
    return ids


def digest(raw: Mapping[str, Json], key: str) -> bytes:
    """Return the keyed digest of the content, without what differs by attempt.

    ValidationError if it is too deep.
    """
    content = {name: value for name, value in raw.items() if name not in NOT_CONTENT}
    try:
        return hmac.digest(key.encode(), _ENCODE(content).encode(), hashlib.sha256)
    except RecursionError:
        raise ValidationError("too_deep") from None


def clock_error(received_at: datetime, sent_at: datetime | None) -> timedelta | None:
    """Return the error of the phone's clock if it is large enough to be corrected."""
    if sent_at is None:
        return None
    skew = received_at - sent_at
    return skew if MIN_SKEW < abs(skew) < MAX_SKEW else None


def select_new(
    items: Iterable[AnyItem],
    device_id: UUID | None,
    receipts: Mapping[UUID, tuple[UUID | None, bytes]],
    withdrawn: Collection[bytes],
    refuse: Callable[[AnyItem], FieldError | None] = lambda item: item.refusal,
) -> list[AnyItem]:
    """Set the outcome of each readable item and return the new ones.

    `receipts` have device and digest by id; `refuse` is asked for each new item in turn.
    """
    known = dict(receipts)
    new = []
    for item in items:
        if item.id is None:
            continue
        sent = (device_id, item.digest)
        item.errors = ()
        if item.id in known:
            item.outcome = "duplicate" if known[item.id] == sent else "conflict"
        elif any(digest in withdrawn for digest in item.replay_digests):
            item.outcome, item.errors = "conflict", [FieldError("id", "withdrawn_before")]
        elif refusal := refuse(item):
            item.outcome, item.errors = "rejected", [refusal]
        else:
            known[item.id] = sent
            item.outcome = "accepted"
            new.append(item)
    return new


def store_rejected(device_id: UUID | None, items: Iterable[Item]) -> None:
    """Store the bodies of rejected items, as many as are kept; their ids stay free."""
    kept = [item for item in items if item.outcome == "rejected"]
    if kept and device_id:
        today = day_begin(local_day(kept[0].received_at))
        of_today = (RejectedBody.device_id == device_id, RejectedBody.received_at >= today)
        stored = db.session.scalar(select(func.count()).where(*of_today)) or 0
        kept = kept[: max(0, REJECTED_PER_DAY - stored)]
    rejected = [
        {
            "device_id": device_id,
            "received_at": item.received_at,
            "body": storable_text(item.raw),
            "errors": [{"field": error.field, "code": error.code} for error in item.errors],
        }
        for item in kept
    ]
    if rejected:
        db.session.execute(insert(RejectedBody), rejected)
        db.session.execute(FORGET_REJECTED, {"kept": REJECTED_KEPT})


def storable_text(body: Json) -> str:
    """Return a rejected body as text that PostgreSQL can store, cut at MAX_REJECTED."""
    try:
        written = json.dumps(body, ensure_ascii=False)[:MAX_REJECTED].replace("\x00", "")
    except RecursionError:
        return "(nested too deeply)"
    return written.encode(errors="backslashreplace").decode()


def outcome_counts(items: Sequence[Item]) -> OutcomeCounts:
    """Return the number of each outcome of a batch."""
    outcomes = [item.outcome for item in items]
    return {
        "accepted": outcomes.count("accepted"),
        "duplicate": outcomes.count("duplicate"),
        "conflict": outcomes.count("conflict"),
        "rejected": outcomes.count("rejected"),
    }


def single(item: Item, answer: Result) -> tuple[Result, int]:
    """Return result and status of an item that was sent alone; 409 or 422 if it is not stored."""
    members = {"id": item.echo, "outcome": item.outcome}
    if item.outcome == "conflict":
        errors = item.errors or [FieldError("id", "id_taken")]
        raise Problem(409, "conflict", errors, members=members)
    if item.outcome == "rejected":
        raise Problem(422, "invalid", item.errors, members=members)
    return answer, 201 if item.outcome == "accepted" else 200
