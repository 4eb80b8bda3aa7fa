"""Import a file of measurements: its rows go in lots where everybody's posts go, into `record`."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TextIO

from backend.accounts.audit import record_command
from backend.database.extensions import db
from backend.i18n.messages import message
from backend.measurements.imports import formats
from backend.measurements.imports.formats import Given, Row
from backend.measurements.recording.incoming import Item, ReceiptContext
from backend.measurements.recording.service import RecordingContext, record

# As many as a phone may send at once: what one commit is measured to carry.
LOT = 500


@dataclass(frozen=True, slots=True)
class Source:
    """What is imported, and what the operator states about it."""

    name: str
    format: str
    given: Given
    count_reason: str | None = None  # count its rows although they have no device


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and why, in words for the person who imports it."""

    line: int
    error: str
    raw: str


Refuse = Callable[[Refusal], None]
Progress = Callable[[Counter[str]], None]


def import_rows(
    source: Source,
    stream: TextIO,
    now: datetime,
    context: RecordingContext,
    refuse: Refuse,
    progress: Progress,
) -> Counter[str]:
    """Record every row that can be read; return how many met which outcome.

    Each lot is a commit of its own: an import that was cut off is run again, and what was taken
    before is a duplicate then.
    """
    receipt = ReceiptContext(
        received_at=now,
        accept_old=True,
        has_device=False,
        count_without_device=source.count_reason is not None,
        source="import",
    )
    rows = formats.read(source.format, stream, source.given)
    _audit(source, "import")  # before the first row counts, whatever comes
    outcomes: Counter[str] = Counter()
    while lot := list(islice(rows, LOT)):
        for outcome, refusal in _record(lot, receipt, context):
            outcomes[outcome] += 1
            if refusal:
                refuse(refusal)
        progress(outcomes)
    _audit(source, "imported", **outcomes)
    return outcomes


def _audit(source: Source, act: str, **outcomes: int) -> None:
    """Note an import, with the reason where its rows count by an admin's decision."""
    facts: dict[str, Any] = {"format": source.format, **outcomes}
    if source.count_reason is not None:
        facts["reason"] = source.count_reason
    record_command(act, f"file:{source.name}", **facts)
    db.session.commit()


def _record(
    lot: list[Row], receipt: ReceiptContext, context: RecordingContext
) -> Iterator[tuple[str, Refusal | None]]:
    """Record what could be read; tell each row's outcome, in the order of the file."""
    sent = [_as_sent(row.payload) for row in lot if row.payload is not None]
    items = iter(record(None, sent, receipt, context) if sent else [])
    for row in lot:
        if row.payload is None:
            yield "rejected", Refusal(row.line, row.error or "unreadable", row.raw)
            continue
        item = next(items)
        words = _words(item)
        yield item.outcome, Refusal(row.line, words, row.raw) if words else None


def _as_sent(payload: dict[str, object]) -> dict[str, object]:
    """A row's payload; only `manual` says something that an import does not say by itself."""
    kept = payload.get("source") not in ("import", "app")
    return {name: value for name, value in payload.items() if kept or name != "source"}


def _words(item: Item) -> str | None:
    """Why an item was not taken; None where it is held."""
    if item.outcome == "conflict":
        return "id: " + message("id_taken", "en")
    if item.outcome != "rejected":
        return None
    found = [(error.field or "row", message(error.code, "en")) for error in item.errors]
    return "; ".join(f"{field}: {words}" for field, words in found)
