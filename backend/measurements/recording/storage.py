"""Store receipts, measurements, changes of counts and uses of tickets in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from backend.database.extensions import Run, array_literal, db, dump
from backend.measurements.recording import earnings
from backend.measurements.recording.counting import ADD_DAYS, ADD_MONTHS, CountChanges
from backend.measurements.recording.timeline import UPDATE, Judged
from backend.witness.service import ISSUE_NEXT, ISSUED_NEXT, IssuedRow

# Values are JSON: one round trip for one sample or for 500, and one prepared plan for both.
# Nothing is stored unless `gate` returns a row. The lateral join makes the planner look each id up
# by the index, also in a plan that was made while the table was small.
STORE = """
    with gate as (
        {gate}
    ), r as (
        insert into receipts
        select r.* from gate,
            jsonb_populate_recordset(null::receipts, cast(%(receipts)s as jsonb)) r
        returning 1
    ), m as (
        insert into measurements
        select m.* from gate,
            jsonb_populate_recordset(null::measurements, cast(%(rows)s as jsonb)) m
        returning 1
    ), months as ({months}), days as ({days}){more}
    select (select count(*) from gate) as n, {result} as issued
"""
# Shared rows come last: a receipt of the same id may make this transaction wait for another one.
COUNTS = {
    "months": ADD_MONTHS.format(
        after="gate, (select count(*) from r) r, (select count(*) from m) m,"
    ),
    "days": ADD_DAYS.format(after="gate,"),
}
STORE_WITHOUT_DEVICE = STORE.format(gate="select 1", more="", result="null", **COUNTS)
# A post waits for another one to its phone or commune, for milliseconds; longer for a bulk change:
# then it is answered 503 and sent again, so that not all threads wait.
LOCK_WAIT_S = 2
GATE = f"""
        update devices set version = version + 1, window_start = %(start)s, window_items = %(items)s
        where id = %(device)s and version = %(version)s
            and set_config('lock_timeout', '{LOCK_WAIT_S}s', true) is not null
            and not exists (
                select from unnest(cast(%(digests)s as bytea[])) as sent (digest), lateral (
                    select from withdrawn_digests w where w.digest = sent.digest limit 1) withdrawn
            )
        returning 1
    """  # noqa: S608 # a number
USE_TICKETS = """, t as (
        update tickets set used_by = s.used_by, used_at = s.used_at, prefix = s.prefix,
            outside = s.outside
        from gate, jsonb_to_recordset(cast(%(tickets)s as jsonb))
            as s (id uuid, used_by uuid, used_at timestamptz, prefix bytea, outside boolean)
        where tickets.id = s.id
    )"""
EARN = f""", earned as ({earnings.ADD_EARNINGS.format(after="gate,", months="months")}),
    sums as ({earnings.ADD_SUMS.format(after="gate, (select count(*) from days) first,")})"""  # noqa: S608 # parts of the statement


@cache
def _statement(uses: bool, issues: bool, earns: bool) -> str:
    """Return the statement of a device, by its optional parts."""
    parts = (USE_TICKETS, uses), (EARN, earns), (f",{ISSUE_NEXT}", issues)
    more = "".join(part for part, wanted in parts if wanted)
    result = ISSUED_NEXT if issues else "null"
    return STORE.format(gate=GATE, more=more, result=result, **COUNTS)


class StateChanged(Exception):
    """What verdicts and outcomes were based on changed before they were stored."""


@dataclass(frozen=True, slots=True)
class DeviceVersion:
    """The device's version that verdicts are based on, and its measurements of this hour."""

    device_id: UUID
    version: int
    joined: bool  # whether measurements may be attributed to a team
    window_start: datetime
    window_items: int


@dataclass(frozen=True, slots=True)
class Tickets:
    """The tickets that a post uses, and the values of ISSUE_NEXT if it gets one."""

    uses: Sequence[dict[str, Any]] = ()
    next: Mapping[str, Any] | None = None


def store(
    run: Run,
    gate: DeviceVersion | None,
    receipts: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    changes: CountChanges,
    digests: Sequence[bytes],
    tickets: Tickets,
    earned: earnings.EarnedRows | None = None,
) -> IssuedRow:
    """Add measurements, receipts and counts; StateChanged: nothing was added.

    `digests` must not be those of withdrawn measurements. Returns ISSUED_NEXT of the next ticket.
    """
    values: dict[str, Any] = {
        "receipts": dump(receipts),
        "rows": dump(rows),
        "months": dump(changes.months()),
        "days": dump(changes.days()),
    }
    statement = STORE_WITHOUT_DEVICE
    if gate:
        earns = earned is not None and bool(earned.earnings)
        statement = _statement(bool(tickets.uses), tickets.next is not None, earns)
        values |= {
            "device": gate.device_id,
            "version": gate.version,
            "start": gate.window_start,
            "items": gate.window_items,
            "digests": array_literal(digests),
        }
    if earned and earned.earnings:
        values |= earned.values()
    if tickets.uses:
        values["tickets"] = dump(tickets.uses)
    if tickets.next is not None:
        values |= {**tickets.next, "used": array_literal(use["id"] for use in tickets.uses)}
    try:
        stored = run(statement, values)
    except IntegrityError:  # a receipt that was committed at the same time
        raise StateChanged from None
    if not stored[0]["n"]:
        raise StateChanged
    issued: IssuedRow = stored[0]["issued"]
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
