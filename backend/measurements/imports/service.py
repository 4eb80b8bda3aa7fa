"""Import a file of measurements: its rows are recorded in lots, like posts of phones."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TextIO

from backend.accounts.audit import record_command
from backend.database.extensions import db
from backend.database.locks import ARCHIVE_LOCK, hold
from backend.errors import FieldError
from backend.i18n.messages import message
from backend.measurements.imports import foreign, own
from backend.measurements.imports.parsing import BrokenStream, Lines, translate_objects
from backend.measurements.imports.row import ImportOptions, Row
from backend.measurements.recording.archived import archived_months
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.intake import Item
from backend.measurements.recording.service import RecordingContext, record

# Rows of one commit; as many as a phone may send at once.
LOT = 500
READERS: dict[str, Callable[[Lines, ImportOptions], Iterator[Row]]] = {
    "ndjson": partial(translate_objects, translate=own.complete_payload),
    "csv": own.read_csv,
    "speedtest-cli": partial(translate_objects, translate=foreign.from_speedtest_cli),
    "speedtest-cli-csv": partial(
        foreign.read_csv, columns=foreign.SPEEDTEST_CLI, translate=foreign.speedtest_cli_cells
    ),
    "ookla": partial(translate_objects, translate=foreign.from_ookla),
    "ookla-csv": partial(foreign.read_csv, columns=foreign.OOKLA, translate=foreign.ookla_cells),
    "librespeed": partial(translate_objects, translate=foreign.from_librespeed),
    "librespeed-csv": partial(
        foreign.read_csv, columns=foreign.LIBRESPEED, translate=foreign.librespeed_cells
    ),
    "ndt7": partial(translate_objects, translate=foreign.from_ndt7),
}
FORMATS = tuple(READERS)


@dataclass(frozen=True, slots=True)
class Source:
    """The imported file and the operator's options."""

    name: str
    format: str
    options: ImportOptions
    count_reason: str | None = None  # rows without a device count for this reason


Report = Callable[[Row], None]
Progress = Callable[[Counter[str]], None]


def read(format: str, stream: TextIO, options: ImportOptions) -> Iterator[Row]:
    """Read a stream as payloads of the API; each row has its error."""
    try:
        yield from READERS[format](Lines(stream), options)
    except BrokenStream as error:
        yield Row(error.line, None, str(error), "")


def import_rows(
    source: Source,
    stream: TextIO,
    now: datetime,
    context: RecordingContext,
    report: Report,
    progress: Progress,
) -> Counter[str]:
    """Record all readable rows, report the others; return the number of rows by outcome.

    Each lot is one commit: an interrupted import can be run again, and rows that were recorded
    before are duplicates then.
    """
    receipt = ReceiptContext(
        received_at=now,
        accept_old=True,
        has_device=False,
        count_without_device=source.count_reason is not None,
        source="import",
    )
    rows = read(source.format, stream, source.options)
    _audit(source, "import")  # before the first row is recorded
    outcomes: Counter[str] = Counter()
    while lot := list(islice(rows, LOT)):
        for outcome, row in _record(lot, receipt, context):
            outcomes[outcome] += 1
            if row.error is not None:
                report(row)
        progress(outcomes)
    _audit(source, "imported", **outcomes)
    return outcomes


def _audit(source: Source, act: str, **outcomes: int) -> None:
    """Audit an import, with the reason if its rows count by an admin's decision."""
    facts: dict[str, Any] = {"format": source.format, **outcomes}
    if source.count_reason is not None:
        facts["reason"] = source.count_reason
    record_command(act, f"file:{source.name}", **facts)
    db.session.commit()


def _record(
    lot: list[Row], receipt: ReceiptContext, context: RecordingContext
) -> Iterator[tuple[str, Row]]:
    """Record the readable rows; yield each row with its outcome and error, in order of the file."""
    hold(ARCHIVE_LOCK)  # no month is archived before the commit
    receipt = replace(receipt, archived=archived_months())
    sent = [row.payload for row in lot if row.payload is not None]
    items = iter(record(None, sent, receipt, context) if sent else [])
    for row in lot:
        if row.payload is None:
            yield "rejected", row
            continue
        item = next(items)
        yield item.outcome, replace(row, error=_error(item))


def _error(item: Item) -> str | None:
    """Return the error of an item; None if it is stored."""
    errors = item.errors
    if item.outcome == "conflict" and not errors:
        errors = [FieldError("id", "id_taken")]
    found = [(error.field or "row", message(error.code, "en")) for error in errors]
    return "; ".join(f"{field}: {text}" for field, text in found) or None
