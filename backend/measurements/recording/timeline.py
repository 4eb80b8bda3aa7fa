"""A device's measurements in order of time, as far as verdicts depend on them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from backend.clock import day_begin, local_day
from backend.database.extensions import fetch, fetch_autocommit
from backend.devices import service as devices
from backend.devices.credentials import token_hash
from backend.devices.service import KnownDevice
from backend.measurements.recording import rules
from backend.measurements.recording.incoming import sample_of
from backend.measurements.recording.rule_sets import COUNTS_FROM, InForce, in_force_of
from backend.witness.assurance import Statements
from backend.witness.verification import (
    STORED_AS_JSON,
    StoredTickets,
    sent_tickets,
    stored_tickets,
)

DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)

_READ = (
    "id", "measured_at", "network", "operator", "latitude", "longitude", "accuracy_m",
    "own_reasons", "reasons", "marks", "unit_id", "day", "rules",
)  # fmt: skip
# Rows coarsened by retention keep the verdict on their exact position.
_FINAL = "raw is null as final"
_DURATION = "cast(raw ->> 'duration_s' as float) as duration_s"
# Samples that use up the cap of their commune; the condition of a partial index.
_CAPPED = "(counted or reasons = '{{commune_cap}}')"
# Begin of a day in Vietnam.
_BEGIN = "cast({day} as timestamp) at time zone interval '7 hours'"
_DAYS = "cast(%(days)s as date[])"
# The first rows of each day: rule set 2 judges no more of them, rule set 1 all.
_ROWS = f"""
    switch as (
        select min(from_at) as from_at from counting_rules where rules = 2
    ), timeline as (
        select m.* from unnest({_DAYS}) as d (day), lateral (
            select {", ".join(_READ)}, {_FINAL}, {_DURATION} from measurements
            where device_id = {{device}} and measured_at >= {_BEGIN.format(day="d.day")}
                and measured_at < {_BEGIN.format(day="d.day + 1")}
            order by measured_at, id
            limit (
                select case when from_at <= {_BEGIN.format(day=f"({_DAYS})[1]")}
                    then cast(%(most)s as int) end
                from switch
            )
        ) m
    )
"""  # noqa: S608 # names of columns
# Samples of the other days of these months, by the span between the days that are read.
_TALLIES = f"""
    select unit_id, network, min(day) as day, count(*) as n from measurements
    where device_id = {{device}}
        and measured_at >= {_BEGIN.format(day="cast(%(month_begin)s as date)")}
        and measured_at < {_BEGIN.format(day="cast(%(month_end)s as date)")}
        and {_CAPPED} and day <> all({_DAYS})
        and (unit_id = any(cast(%(units)s as int[])) or unit_id in (select unit_id from timeline))
    group by unit_id, network, extract(month from day), width_bucket(day, {_DAYS})
"""  # noqa: S608
_NAMES = (*_READ, "final", "duration_s")


def _columns(*present: str, names: Sequence[str] = _NAMES) -> str:
    return ", ".join(name if name in present else "null" for name in names)


READ = f"""
    with {_ROWS.format(device="%(device)s")}
    select {", ".join(_NAMES)}, null::bigint as n from timeline
    union all
    select {_columns("unit_id", "network", "day")}, n
    from ({_TALLIES.format(device="%(device)s")}) tally
"""  # noqa: S608
# One row of the device, the others of its measurements.
_OWN = (*devices.BY_TOKEN_READ, "switched_at", "counts_from", "tickets")


def _with_device(tickets: str) -> str:
    of_device = "(select device_id from d)"
    statement = f"""
        with d as ({devices.BY_TOKEN}), {_ROWS.format(device=of_device)}
        select {", ".join(f"d.{name}" for name in devices.BY_TOKEN_READ)},
            (select from_at from switch) as switched_at, ({COUNTS_FROM}) as counts_from,
            {tickets} as tickets,
            {", ".join(f"null as {name}" for name in _NAMES)}, null::bigint as n from d
        union all
        select {_columns(names=_OWN)}, {", ".join(_NAMES)}, null from timeline
        union all
        select {_columns(names=_OWN)}, {_columns("unit_id", "network", "day")}, n
        from ({_TALLIES.format(device=of_device)}) tally
    """  # noqa: S608
    # Shortened: the driver remembers how to send statements of up to 4,096 characters.
    return " ".join(statement.split())


READ_WITH_DEVICE = _with_device("null::jsonb")
READ_WITH_TICKETS = _with_device(f"({STORED_AS_JSON})")
OWNER = """
    select registered_at, receiver_from from devices where id = %(device)s
"""
# Samples of a month that use up the cap of one commune and network, those around the cap.
CAPPED = f"""
    select * from (
        select id, measured_at, day, unit_id, network, own_reasons, reasons, marks, rules, {_FINAL},
            row_number() over (order by measured_at, id) as place
        from measurements
        where device_id = %(device)s and measured_at >= %(begin)s and measured_at < %(end)s
            and {_CAPPED.format()} and unit_id is not distinct from %(unit_id)s
            and network = %(network)s
    ) ranked where place > %(after)s and place <= %(to)s
"""  # noqa: S608


UPDATE = text("""
    update measurements m
    set reasons = v.reasons, own_reasons = v.own_reasons, valid = v.valid, counted = v.counted,
        rules = v.rules
    from jsonb_to_recordset(cast(:verdicts as jsonb)) as v(id uuid, reasons text[],
         own_reasons text[], valid boolean, counted boolean, rules int)
    where m.id = v.id
""")

Row = Mapping[Any, Any]
Judged = tuple[Row, rules.Verdict]


class Timeline(NamedTuple):
    """The stored rows of some days, and the tallies of the other days of their months."""

    rows: Sequence[Row]
    tallies: Sequence[rules.Tally] = ()


class Known(NamedTuple):
    """A device with the rules in force, the rows that new verdicts depend on, and tickets."""

    device: KnownDevice
    in_force: InForce
    timeline: Timeline
    tickets: StoredTickets


def read_with_device(
    token: str,
    received_at: datetime,
    new: Sequence[Row],
    statements: Iterable[Statements | None] = (),
) -> Known | None:
    """Read the device of a token, the stored rows that verdicts on new rows depend on, and tickets.

    None if the token is unknown or its first use is not recorded yet.
    """
    sent = sent_tickets(statements)
    values = {"digest": token_hash(token), "received_at": received_at}
    values |= _span(_days_of(new), new, bounded=True)
    rows = fetch_autocommit(READ_WITH_TICKETS if sent else READ_WITH_DEVICE, values | sent)
    for row in rows:
        if row["device_id"] and (device := devices.device_in_use(row)):
            timeline = _timeline(one for one in rows if one is not row)
            tickets = stored_tickets(row["tickets"])
            return Known(device, in_force_of(row), timeline, tickets)
    return None


def owner_of(device: UUID) -> rules.Owner:
    """Return the properties of a device that verdicts depend on."""
    [row] = fetch(OWNER, {"device": device})
    return rules.Owner(row["registered_at"], row["receiver_from"])


def judge_new(
    device: UUID,
    new: Sequence[Row],
    owner: rules.Owner,
    caps: rules.Caps,
    stored: Timeline | None = None,
) -> Sequence[Judged]:
    """Judge new rows among the stored ones; return the new rows and those with another verdict.

    `stored` is the result of `read_with_device`; without it the rows are read in the session.
    """
    if not new:
        return []
    times = [row["measured_at"] for row in new]
    days, since, until = _days_of(new), min(times), max(times)
    if stored is None:
        stored = _read(device, days, new, bounded=True)
    judged = list(_judge(stored, new, since, until, owner, caps))
    if _reach(judged, until) > until:
        return judge_span(device, since, until, owner, caps, new)
    if _others_capped(judged, stored, days, caps):
        judged += _judge_capped(device, judged, days, caps)
    return judged


def judge_span(
    device: UUID,
    since: datetime,
    until: datetime,
    owner: rules.Owner,
    caps: rules.Caps,
    new: Sequence[Row] = (),
) -> Sequence[Judged]:
    """Judge a device's rows from `since` to at least `until`; return those whose verdict changed.

    Rows are read up to one window past the last change of rule set 1. Without new rows all to the
    end of the month are judged: a revision may have moved samples to another commune, whose caps
    reach so far.
    """
    if not new:
        until = max(until, day_begin(_next_month(local_day(until))) - _INSTANT)
    to = until
    while True:
        days = _days_between(since - rules.REPEAT_WINDOW, to + rules.REPEAT_WINDOW)
        stored = _read(device, days, new, bounded=bool(new))
        judged = list(_judge(stored, new, since, until, owner, caps))
        reach = _reach(judged, until)
        if reach <= to:
            return [*judged, *_judge_capped(device, judged, days, caps)]
        to = reach


def _reach(judged: Iterable[Judged], until: datetime) -> datetime:
    """Return the time of the last verdict of rule set 1: the next one may depend on it."""
    times = (row["measured_at"] for row, _ in judged if row["rules"] == 1)
    return max(times, default=until)


def _days_of(new: Iterable[Row]) -> list[date]:
    """Return all days from a window before the first new row to one after the last.

    Also those between: a stored row is judged again after the first new one, by its evening before.
    """
    times = [row["measured_at"] for row in new]
    if not times:
        return []
    return _days_between(min(times) - rules.REPEAT_WINDOW, max(times) + rules.REPEAT_WINDOW)


def _days_between(since: datetime, until: datetime) -> list[date]:
    first, last = local_day(since), local_day(until)
    return [first + n * DAY for n in range((last - first).days + 1)]


def _span(days: Sequence[date], new: Iterable[Row], *, bounded: bool) -> dict[str, Any]:
    """Return the parameters of READ for these days."""
    return {
        "days": _array(days),
        "units": _array({row["unit_id"] for row in new} - {None}),
        "most": rules.TESTS_A_DAY if bounded else None,
        "month_begin": days[0].replace(day=1) if days else None,
        "month_end": _next_month(days[-1]) if days else None,
    }


def _array(values: Iterable[object]) -> str:
    """Return an array in PostgreSQL's notation: the driver is slow with lists."""
    return f"{{{','.join(map(str, values))}}}"


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _read(device: UUID, days: Sequence[date], new: Iterable[Row], *, bounded: bool) -> Timeline:
    return _timeline(fetch(READ, {"device": device, **_span(days, new, bounded=bounded)}))


def _timeline(rows: Iterable[Row]) -> Timeline:
    stored, tallies = [], []
    for row in rows:
        if row["n"] is None:
            stored.append(row)
        else:
            tallies.append(rules.Tally(row["day"], row["unit_id"], row["network"], row["n"]))
    return Timeline(stored, tallies)


def _judge(
    stored: Timeline,
    new: Sequence[Row],
    since: datetime,
    until: datetime,
    owner: rules.Owner,
    caps: rules.Caps,
) -> Iterator[Judged]:
    ordered = sorted([*stored.rows, *new], key=itemgetter("measured_at", "id"))
    by_id = {row["id"]: row for row in ordered}
    timeline = (
        rules.TimelineEntry(sample_of(row), _stored_verdict(row), row.get("final", False))
        for row in ordered
    )
    judged = rules.judge_timeline(timeline, since, until, owner, caps, stored.tallies)
    for entry, verdict in judged:
        yield by_id[entry.sample.id], verdict


def _stored_verdict(row: Row) -> rules.Verdict | None:
    """Return the stored verdict; None for a new row."""
    return rules.verdict_of(tuple(row["reasons"])) if "reasons" in row else None


def _others_capped(
    judged: Sequence[Judged], stored: Timeline, days: Sequence[date], caps: rules.Caps
) -> bool:
    """Return whether verdicts of other days may change because a commune's cap is reached."""
    later = {rules.commune_month(one) for one in stored.tallies if one.day > days[0]}
    changes = {key: n for key, n in _changes_of_use(judged).items() if key in later}
    if not changes:
        return False
    use = Counter[rules.CommuneMonth]()
    for one in stored.tallies:
        use[rules.commune_month(one)] += one.n
    for row in stored.rows:
        use[_commune_month(row)] += rules.uses_commune_cap(row["reasons"])
    return any(use[key] + max(n, 0) > caps.commune for key, n in changes.items())


def _changes_of_use(judged: Iterable[Judged]) -> dict[rules.CommuneMonth, int]:
    """Return by how many samples more or fewer each commune's cap is used up."""
    changes = Counter[rules.CommuneMonth]()
    for row, verdict in judged:
        changes[_commune_month(row)] += _change_of_use(row, verdict)
    return {key: n for key, n in changes.items() if n}


def _change_of_use(row: Row, verdict: rules.Verdict) -> int:
    before = "reasons" in row and rules.uses_commune_cap(row["reasons"])
    return rules.uses_commune_cap(verdict.reasons) - before


def _judge_capped(
    device: UUID, judged: Sequence[Judged], days: Sequence[date], caps: rules.Caps
) -> Iterator[Judged]:
    """Judge by the caps of communes the rows of other days of a month, after a change."""
    by_key: dict[rules.CommuneMonth, list[tuple[datetime, UUID, int]]] = defaultdict(list)
    for row, verdict in judged:
        if change := _change_of_use(row, verdict):
            by_key[_commune_month(row)].append((row["measured_at"], row["id"], change))
    for (year, month, unit_id, network), changes in by_key.items():
        first = date(year, month, 1)
        values: dict[str, Any] = {"device": device, "unit_id": unit_id, "network": network}
        values |= {"begin": day_begin(first), "end": day_begin(_next_month(first))}
        # No place moves by more than there are changes.
        values |= {"after": caps.commune - len(changes), "to": caps.commune + len(changes)}
        for row in fetch(CAPPED, values):
            if row["day"] in days or row["final"] or row["rules"] == 1:
                continue
            at = (row["measured_at"], row["id"])
            place = row["place"] + sum(n for *before, n in changes if tuple(before) < at)
            verdict = rules.verdict_of(("commune_cap",) if place > caps.commune else ())
            if verdict.reasons != tuple(row["reasons"]):
                yield row, verdict


def _commune_month(row: Row) -> rules.CommuneMonth:
    return row["day"].year, row["day"].month, row["unit_id"], row["network"]
