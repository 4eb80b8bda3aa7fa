"""A device's measurements in order of time, as far as verdicts depend on them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import fetch, fetch_autocommit
from backend.devices import service as devices
from backend.devices.credentials import token_hash
from backend.devices.service import KnownDevice
from backend.measurements.recording import rules
from backend.measurements.recording.incoming import sample_of
from backend.witness.assurance import Statements
from backend.witness.verification import (
    STORED_AS_JSON,
    StoredTickets,
    sent_tickets,
    stored_tickets,
)

_READ = (
    "id", "measured_at", "network", "operator", "latitude", "longitude", "accuracy_m",
    "own_reasons", "reasons", "marks", "unit_id", "day",
)  # fmt: skip
# Rows coarsened by retention keep the verdict on their exact position.
_FINAL = "raw is null as final"
READ = f"""
    select {", ".join(_READ)}, {_FINAL} from measurements
    where device_id = %(device)s and measured_at > %(after)s and measured_at <= %(to)s
"""  # noqa: S608 # names of columns
# One row of the device, the others of its measurements.
_READ_WITH_DEVICE = f"""
    with d as ({devices.BY_TOKEN})
    select {", ".join(f"d.{name}" for name in devices.BY_TOKEN_READ)},
        {", ".join(f"null as {name}" for name in _READ)}, null as final{{of_device}} from d
    union all
    select {", ".join("null" for _ in devices.BY_TOKEN_READ)},
        {", ".join(f"m.{name}" for name in _READ)}, m.{_FINAL}{{of_measurement}}
    from measurements m where m.device_id = (select device_id from d)
        and m.measured_at > %(after)s and m.measured_at <= %(to)s
"""  # noqa: S608

READ_WITH_DEVICE = _READ_WITH_DEVICE.format(of_device="", of_measurement="")
READ_WITH_TICKETS = _READ_WITH_DEVICE.format(
    of_device=f", ({STORED_AS_JSON}) as tickets", of_measurement=", null"
)

UPDATE = text("""
    update measurements m
    set reasons = v.reasons, own_reasons = v.own_reasons, valid = v.valid, counted = v.counted,
        rules = :rules
    from jsonb_to_recordset(cast(:verdicts as jsonb))
         as v(id uuid, reasons text[], own_reasons text[], valid boolean, counted boolean)
    where m.id = v.id
""")

Row = Mapping[Any, Any]
Timeline = Sequence[Row]
Judged = tuple[Row, rules.Verdict]


def read_with_device(
    token: str, new: Sequence[Row], now: datetime, statements: Iterable[Statements | None] = ()
) -> tuple[KnownDevice | None, Timeline, StoredTickets]:
    """Read the device of a token, the stored rows that verdicts on new rows depend on, and tickets.

    The device is None if the token is unknown or its first use is not recorded yet.
    """
    since, until = _span(new) if new else (now, now)
    values = {"digest": token_hash(token), **_with_window(since, until)}
    sent = sent_tickets(statements)
    rows = fetch_autocommit(READ_WITH_TICKETS if sent else READ_WITH_DEVICE, values | sent)
    known = next((row for row in rows if row["device_id"]), None)
    device = devices.device_in_use(known) if known else None
    tickets = stored_tickets(known["tickets"]) if known and sent else {}
    return device, [row for row in rows if not row["device_id"]], tickets


def judge_new(device: UUID, new: Sequence[Row], stored: Timeline | None = None) -> Sequence[Judged]:
    """Judge new rows among the stored ones; return the new rows and those with another verdict.

    `stored` is the result of `read_with_device`; without it the rows are read in the session.
    """
    return judge_span(device, *_span(new), new, stored) if new else []


def judge_span(
    device: UUID,
    since: datetime,
    until: datetime,
    new: Sequence[Row] = (),
    stored: Timeline | None = None,
) -> Sequence[Judged]:
    """Judge a device's rows from `since` to at least `until`; return those whose verdict changed.

    Rows are read up to one window past the last change: usually the first query suffices.
    """
    run, to = fetch_autocommit if stored is not None else fetch, until
    while True:
        if stored is None:
            stored = run(READ, {"device": device, **_with_window(since, to)})
        judged = list(_judge([*stored, *new], since, until))
        reach = max((row["measured_at"] for row, _ in judged), default=until)
        if reach <= to:
            return judged
        to, stored = reach, None


def _span(rows: Sequence[Row]) -> tuple[datetime, datetime]:
    times = [row["measured_at"] for row in rows]
    return min(times), max(times)


def _with_window(since: datetime, until: datetime) -> dict[str, datetime]:
    return {"after": since - rules.REPEAT_WINDOW, "to": until + rules.REPEAT_WINDOW}


def _judge(rows: Sequence[Row], since: datetime, until: datetime) -> Iterator[Judged]:
    ordered = sorted(rows, key=itemgetter("measured_at", "id"))
    by_id = {row["id"]: row for row in ordered}
    timeline = (
        rules.TimelineEntry(sample_of(row), _stored_verdict(row), row.get("final", False))
        for row in ordered
    )
    for entry, verdict in rules.judge_timeline(timeline, since, until):
        yield by_id[entry.sample.id], verdict


def _stored_verdict(row: Row) -> rules.Verdict | None:
    """Return the stored verdict; None for a new row."""
    return rules.verdict_of(tuple(row["reasons"])) if "reasons" in row else None
