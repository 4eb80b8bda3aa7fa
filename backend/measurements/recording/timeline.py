"""A device's measurements in order of time, as many as judging needs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import fetch, fetch_autocommit
from backend.devices import service as devices
from backend.devices.credentials import token_hash
from backend.devices.registration import KnownDevice
from backend.measurements.recording import rules
from backend.measurements.recording.incoming import sample_of

_READ = (
    "id", "measured_at", "network", "operator", "latitude", "longitude", "accuracy_m",
    "own_reasons", "reasons", "marks", "unit_id", "day",
)  # fmt: skip
# What retention has coarsened keeps the verdict that its exact position was given.
_FINAL = "raw is null as final"
READ = f"""
    select {", ".join(_READ)}, {_FINAL} from measurements
    where device_id = %(device)s and measured_at > %(after)s and measured_at <= %(to)s
"""  # noqa: S608 # names of columns
# One row of the device, the others of its measurements.
LOOK = f"""
    with d as ({devices.BY_TOKEN})
    select {", ".join(f"d.{name}" for name in devices.BY_TOKEN_READ)},
        {", ".join(f"null as {name}" for name in _READ)}, null as final from d
    union all
    select {", ".join("null" for _ in devices.BY_TOKEN_READ)},
        {", ".join(f"m.{name}" for name in _READ)}, m.{_FINAL}
    from measurements m where m.device_id = (select device_id from d)
        and m.measured_at > %(after)s and m.measured_at <= %(to)s
"""  # noqa: S608

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


def look(token: str, new: Sequence[Row], now: datetime) -> tuple[KnownDevice | None, Timeline]:
    """Read the device of a token and the stored rows that judging new ones begins with.

    No device where the token is unknown, or its first use is still to be noted.
    """
    since, until = _span(new) if new else (now, now)
    rows = fetch_autocommit(LOOK, {"digest": token_hash(token), **_around(since, until)})
    device = next((devices.noted(row) for row in rows if row["device_id"]), None)
    return device, [row for row in rows if not row["device_id"]]


def settle(device: UUID, new: Sequence[Row], stored: Timeline | None = None) -> Sequence[Judged]:
    """Judge new rows among the stored ones; each row that is new or judged otherwise.

    `stored` is what `look` has read for them, else it is read now, in the session.
    """
    return judged_between(device, *_span(new), new, stored) if new else []


def judged_between(
    device: UUID,
    since: datetime,
    until: datetime,
    new: Sequence[Row] = (),
    stored: Timeline | None = None,
) -> Sequence[Judged]:
    """Judge a device's rows from `since` on, at least to `until`; those that changed.

    What is read reaches one window past the last change: usually the first reading does.
    """
    run, to = fetch_autocommit if stored is not None else fetch, until
    while True:
        if stored is None:
            stored = run(READ, {"device": device, **_around(since, to)})
        judged = list(_judged([*stored, *new], since, until))
        reach = max((row["measured_at"] for row, _ in judged), default=until)
        if reach <= to:
            return judged
        to, stored = reach, None


def _span(rows: Sequence[Row]) -> tuple[datetime, datetime]:
    times = [row["measured_at"] for row in rows]
    return min(times), max(times)


def _around(since: datetime, until: datetime) -> dict[str, datetime]:
    return {"after": since - rules.REPEAT_WINDOW, "to": until + rules.REPEAT_WINDOW}


def _judged(rows: Sequence[Row], since: datetime, until: datetime) -> Iterator[Judged]:
    ordered = sorted(rows, key=_place)
    by_id = {row["id"]: row for row in ordered}
    timeline = (
        rules.Judged(sample_of(row), _verdict(row), row.get("final", False)) for row in ordered
    )
    for entry, verdict in rules.settle(timeline, since, until):
        yield by_id[entry.sample.id], verdict


def _verdict(row: Row) -> rules.Verdict | None:
    """The stored verdict; None for a row that is new."""
    return rules.verdict_of(tuple(row["reasons"])) if "reasons" in row else None


def _place(row: Row) -> tuple[datetime, UUID]:
    return row["measured_at"], row["id"]
