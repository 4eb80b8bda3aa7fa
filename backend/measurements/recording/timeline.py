"""A device's measurements in order of time, as far as verdicts depend on them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import NamedTuple, TypedDict, cast
from uuid import UUID

from sqlalchemy import text

from backend.clock import day_begin, local_day
from backend.database.extensions import Run, array_literal, fetch
from backend.devices import service as devices
from backend.devices.credentials import token_hash
from backend.devices.service import DeviceRow, KnownDevice
from backend.measurements.recording import rules
from backend.measurements.recording.incoming import sample_of
from backend.measurements.recording.requirements import (
    Requirement,
    requirements_of,
)
from backend.measurements.recording.rows import JudgedRow, SampleItem, SampleRow, TimelineRow
from backend.memberships.attribution_rows import InputsOfNew, StoredInputs, inputs_of
from backend.witness.verification import StoredTickets, stored_tickets

DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)

# Samples that use up the cap of their commune are those of `counted or reasons = '{commune_cap}'`,
# the condition of a partial index. Rows coarsened by retention, of which `raw` is null, keep the
# verdict on their exact position.

# The first rows of each span: the rules judge no more of a day.
READ = """
    select m.* from unnest(
        cast(%(begins)s as timestamptz[]), cast(%(ends)s as timestamptz[])
    ) as span (begin_at, end_at), lateral (
        select id, measured_at, network, operator, latitude, longitude, accuracy_m, own_reasons,
            reasons, marks, unit_id, day, assurance, raw is null as final,
            cast(raw ->> 'duration_s' as float) as duration_s
        from measurements
        where device_id = %(device)s
            and measured_at >= span.begin_at and measured_at < span.end_at
        order by measured_at, id limit cast(%(most)s as int)
    ) m
"""
# Samples of the other days of these months, by the span between the days that are judged.
TALLIES = """
    select unit_id, network, min(day) as day, count(*) as n from measurements
    where device_id = %(device)s
        and measured_at >= %(month_begin)s and measured_at < %(month_end)s
        and (counted or reasons = '{commune_cap}')
        and day <> all(cast(%(days)s as date[])) and unit_id = any(cast(%(units)s as int[]))
    group by unit_id, network, extract(month from day),
        width_bucket(day, cast(%(days)s as date[]))
"""
# The first statement of every post: one row of the device and of what was sent before, the others
# of its measurements. A union finds the device by either index: for `or`, a plan made while the
# table is small would scan it. The lateral joins make the planner look each id and digest up by the
# index; `capped` is at most the cap: no more rows are read.
READ_STATE = """
    with d as (
        select id as device_id, registered_at, token_used_at, platform, model, app_version,
            consent_version, joined, version, window_start, window_items, receiver_from, notices,
            true as by_token
        from devices where token_hash = %(digest)s
        union all
        select id, registered_at, token_used_at, platform, model, app_version,
            consent_version, joined, version, window_start, window_items, receiver_from, notices,
            false
        from devices where id = %(device)s
    )
    select d.*,
        (
            select jsonb_agg(to_jsonb(r)) from (
                select from_at, counts_from, by, reason from counting_rules
                where counts_from is not null order by from_at, id
            ) r
        ) as requirements,
        (
            select count(*) from (
                select from measurements
                where device_id = d.device_id
                    and measured_at >= %(month_begin)s and measured_at < %(month_end)s
                    and (counted or reasons = '{commune_cap}')
                limit cast(%(cap)s as int)
            ) few
        ) as capped,
        (
            select jsonb_agg(to_jsonb(s)) from (
                select sent.id, sent.kid, t.host_id, t.profile, t.issued_at, t.expires_at,
                    t.used_by, h.number as host, h.signs, h.revoked_at,
                    k.replaced_at as key_replaced_at
                from unnest(cast(%(tickets)s as uuid[]), cast(%(kids)s as text[]))
                    as sent (id, kid)
                join tickets t on t.id = sent.id
                join measuring_hosts h on h.id = t.host_id
                left join host_keys k on k.host_id = t.host_id and k.kid = sent.kid
            ) s
        ) as tickets,
        (
            select jsonb_agg(to_jsonb(r)) from unnest(cast(%(ids)s as uuid[])) as sent (id),
                lateral (select id, device_id, digest from receipts
                    where id = sent.id and kind = 'sample' limit 1) r
        ) as receipts,
        array(
            select known.digest from unnest(cast(%(digests)s as bytea[])) as sent (digest),
                lateral (select digest from withdrawn_digests w
                    where w.digest = sent.digest limit 1) known
        ) as withdrawn,
        case when d.joined then (
            select jsonb_agg(to_jsonb(s)) from (
                select m.id as membership_id, m.campaign_id, m.team_id, m.volunteer_id,
                    m.guest_of is not null as guest,
                    lower(l.period * m.period) as since, upper(l.period * m.period) as until
                from device_links l
                join memberships m on m.volunteer_id = l.volunteer_id and m.period && l.period
                where l.device_id = d.device_id
                order by m.id
            ) s
        ) end as stays,
        case when d.joined then (
            select jsonb_agg(to_jsonb(t)) from (
                select c.id as campaign_id, c.first_day, c.last_day, c.networks, c.cap,
                    array(
                        select unit_id from campaign_areas a where a.campaign_id = c.id
                    ) as area
                from campaigns c
                where c.state <> 'draft' and c.id in (
                    select m.campaign_id from device_links l join memberships m using (volunteer_id)
                    where l.device_id = d.device_id
                )
                order by c.id
            ) t
        ) end as terms,
        case when d.joined then (
            select jsonb_object_agg(id, jsonb_build_array(id, parent_id, province_id))
            from units where id = any(cast(%(communes)s as int[]))
        ) end as units,
        null as id, null as measured_at, null as network, null as operator, null as latitude,
        null as longitude, null as accuracy_m, null as own_reasons, null as reasons,
        null as marks, null as unit_id, null as day, null as assurance, null as final,
        null as duration_s
    from (select) always left join d on true
    union all
    select null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null, null,
        id, measured_at, network, operator, latitude, longitude, accuracy_m, own_reasons, reasons,
        marks, unit_id, day, assurance, final, duration_s
    from unnest(
        cast(%(begins)s as timestamptz[]), cast(%(ends)s as timestamptz[])
    ) as span (begin_at, end_at), lateral (
        select id, measured_at, network, operator, latitude, longitude, accuracy_m, own_reasons,
            reasons, marks, unit_id, day, assurance, raw is null as final,
            cast(raw ->> 'duration_s' as float) as duration_s
        from measurements
        where device_id = (select device_id from d)
            and measured_at >= span.begin_at and measured_at < span.end_at
        order by measured_at, id limit cast(%(most)s as int)
    ) timeline
"""
OWNER = """
    select registered_at, receiver_from from devices where id = %(device)s
"""
# Samples of a month that use up the cap of one commune and network, those around the cap.
CAPPED = """
    select * from (
        select id, measured_at, day, unit_id, network, own_reasons, reasons, marks, assurance,
            raw is null as final, row_number() over (order by measured_at, id) as place
        from measurements
        where device_id = %(device)s and measured_at >= %(begin)s and measured_at < %(end)s
            and (counted or reasons = '{commune_cap}')
            and unit_id is not distinct from %(unit_id)s and network = %(network)s
    ) ranked where place > %(after)s and place <= %(to)s
"""


# A changed verdict is an event: its phone was answered with another one.
UPDATE = text("""
    with changed as (
        update measurements m
        set reasons = v.reasons, own_reasons = v.own_reasons, valid = v.valid,
            counted = v.counted
        from jsonb_to_recordset(cast(:verdicts as jsonb)) as v(id uuid, before text[],
             reasons text[], own_reasons text[], valid boolean, counted boolean)
        where m.id = v.id
        returning m.id, m.unit_id, m.day, m.network, v.before, m.reasons
    )
    insert into events (kind, unit_id, month, network, measurement_id, data)
    select 'verdict.changed', unit_id, to_char(day, 'YYYY-MM'), network, id,
        jsonb_build_object('before', before, 'after', reasons)
    from changed
""")

Judged = tuple[JudgedRow, rules.Verdict]


class StoredReceipt(TypedDict):
    """A receipt as JSON of READ_STATE."""

    id: str
    device_id: str | None  # null: imported
    digest: str  # of the content; hexadecimal after two characters


class CappedRow(JudgedRow):
    """A row of CAPPED."""

    place: int  # among the samples that use up the cap, from 1


class Span(TypedDict):
    """Which rows READ reads; arrays in PostgreSQL's notation."""

    begins: str
    ends: str
    most: int | None  # rows of each span; null: all


class Months(TypedDict):
    """Begin and end of months, in which tallies are taken; null: none."""

    month_begin: datetime | None
    month_end: datetime | None


class Judge(NamedTuple):
    """What verdicts depend on besides the rows."""

    owner: rules.Owner
    caps: rules.Caps


class Timeline(NamedTuple):
    """The stored rows that verdicts depend on, and the tallies of the other days of their months.

    Without tallies no cap of a commune can be reached.
    """

    rows: Sequence[TimelineRow]
    tallies: Sequence[rules.Tally] = ()


class Sender(NamedTuple):
    """A phone by its token, or a device by its id; neither: rows of no device."""

    token: str | None = None
    device_id: UUID | None = None


class State(NamedTuple):
    """What the outcomes and verdicts of items depend on, read in one statement."""

    device: KnownDevice | None
    requirements: Sequence[Requirement]
    timeline: Timeline
    tickets: StoredTickets
    receipts: Mapping[UUID, tuple[UUID | None, bytes]]  # of these ids: device and digest
    withdrawn: Collection[bytes]  # those of the replay digests
    attribution: InputsOfNew

    @property
    def device_id(self) -> UUID | None:
        return self.device.id if self.device else None

    @property
    def owner(self) -> rules.Owner | None:
        device = self.device
        return rules.Owner(device.registered_at, device.receiver_from) if device else None


def read_state(execute: Run, sender: Sender, items: Sequence[SampleItem], cap: int) -> State:
    """Read what outcomes and verdicts depend on; `cap` is that of a commune.

    Without a device if the token is unknown or its first use is not recorded yet.
    """
    new = [item.row for item in items if item.row and not item.refusal]
    since = _judged_since(new)
    tickets = {item.statements.keys for item in items if item.statements and item.statements.ticket}
    own, *timeline = execute(READ_STATE, {
        "digest": token_hash(sender.token) if sender.token else None,
        "device": sender.device_id,
        "cap": cap,
        "ids": array_literal(item.id for item in items if item.id),
        "digests": array_literal(digest for item in items for digest in item.replay_digests),
        "tickets": array_literal(ticket for ticket, _ in tickets),
        "kids": array_literal(kid for _, kid in tickets),
        "communes": array_literal({row["unit_id"] for row in new} - {None}),
        **_span(since, bounded=True),
        **_months(since),
    })  # fmt: skip
    stored = cast(Sequence[TimelineRow], timeline)
    device = devices.device_in_use(cast(DeviceRow, own)) if own["device_id"] else None
    tallies: Sequence[rules.Tally] = ()
    if device and _cap_near(own["capped"], stored, new, cap):
        tallies = _read_tallies(execute, device.id, since, [*stored, *new])
    return State(
        device,
        requirements_of(own["requirements"]),
        Timeline(stored, tallies),
        stored_tickets(own["tickets"]),
        {UUID(receipt["id"]): _receipt(receipt) for receipt in own["receipts"] or ()},
        frozenset(map(bytes, own["withdrawn"])),
        inputs_of(cast(StoredInputs, own)),
    )


def _receipt(row: StoredReceipt) -> tuple[UUID | None, bytes]:
    return UUID(row["device_id"]) if row["device_id"] else None, bytes.fromhex(row["digest"][2:])


def owner_of(device: UUID) -> rules.Owner:
    """Return the properties of a device that verdicts depend on."""
    [row] = fetch(OWNER, {"device": device})
    return rules.Owner(row["registered_at"], row["receiver_from"])


def judge_new(
    execute: Run,
    device: UUID,
    new: Sequence[SampleRow],
    judge: Judge,
    stored: Timeline | None = None,
) -> Sequence[Judged]:
    """Judge new rows among the stored ones; return the new rows and those with another verdict.

    `stored` is that of `read_state`; without it the rows are read.
    """
    if not new:
        return []
    since = _judged_since(new)
    while True:
        if stored is None:
            stored = _read(execute, device, since, new, bounded=True)
        judged = list(_judge(stored, new, since, judge))
        further = _days_after(judged) - since.keys()
        if not further:
            break
        since |= {day: day_begin(day) for day in further}
        stored = None
    days = sorted(since)
    if _others_capped(judged, stored, days, judge.caps):
        judged += _judge_capped(execute, device, judged, days, judge.caps)
    return judged


def judge_single(row: JudgedRow) -> rules.Verdict:
    """Return the verdict on a row without a device."""
    mock = "mock_position" in row["marks"]
    return rules.judge_single(row["own_reasons"], mock)


def judge_span(
    execute: Run, device: UUID, since: datetime, until: datetime, judge: Judge
) -> Sequence[Judged]:
    """Judge a device's stored rows from `since` on; return those whose verdict changed.

    At least to the end of the month of `until`: a revision may have moved samples to another
    commune, whose caps reach so far.
    """
    end = max(until, day_begin(_next_month(local_day(until))) - _INSTANT)
    first, last = local_day(since - rules.REPEAT_WINDOW), local_day(end + rules.REPEAT_WINDOW)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    span = dict.fromkeys(days, since)
    judged = list(_judge(_read(execute, device, span, (), bounded=False), (), span, judge))
    return [*judged, *_judge_capped(execute, device, judged, days, judge.caps)]


def _days_after(judged: Iterable[Judged]) -> set[date]:
    """Return the days after an evening with a stored row that now means something else for them."""
    return {
        local_day(row["measured_at"] + rules.REPEAT_WINDOW)
        for row, verdict in judged
        if "reasons" in row and rules.differ_for_next_day(row["reasons"], verdict.reasons)
    }


def _judged_since(new: Iterable[TimelineRow]) -> dict[date, datetime]:
    """Return the days whose verdicts depend on new rows, each with the first of these.

    A new row changes its own day and, in the evening, the next one.
    """
    since: dict[date, datetime] = {}
    for at in sorted(row["measured_at"] for row in new):
        since.setdefault(local_day(at), at)
        since.setdefault(local_day(at + rules.REPEAT_WINDOW), at)
    return since


def _spans(since: Mapping[date, datetime]) -> list[tuple[datetime, datetime]]:
    """Return begin and end of the rows to read: whole days, and evenings before the first hours."""
    spans = []
    for day in sorted(since):
        begin = day_begin(day)
        if day - DAY not in since and since[day] < begin + rules.REPEAT_WINDOW:
            spans.append((begin - rules.REPEAT_WINDOW, begin))
        spans.append((begin, begin + DAY))
    return spans


def _span(since: Mapping[date, datetime], *, bounded: bool) -> Span:
    """Return the parameters of READ for these days."""
    spans = _spans(since)
    return {
        "begins": array_literal(begin.isoformat() for begin, _ in spans),
        "ends": array_literal(end.isoformat() for _, end in spans),
        "most": rules.TESTS_A_DAY if bounded else None,
    }


def _months(days: Collection[date]) -> Months:
    """Return begin and end of the months of these days."""
    if not days:
        return {"month_begin": None, "month_end": None}
    return {
        "month_begin": day_begin(min(days).replace(day=1)),
        "month_end": day_begin(_next_month(max(days))),
    }


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _cap_near(
    capped: int, stored: Iterable[TimelineRow], new: Sequence[SampleRow], cap: int
) -> bool:
    """Return whether the samples of these months could reach the cap of a commune.

    `capped` of them use one up; of the days that are judged, the others might as well.
    """
    others = sum(not rules.uses_commune_cap(row["reasons"]) for row in stored)
    return bool(new) and capped + others + len(new) > cap


def _read(
    execute: Run,
    device: UUID,
    since: Mapping[date, datetime],
    new: Iterable[TimelineRow],
    *,
    bounded: bool,
) -> Timeline:
    rows = execute(READ, {"device": device, **_span(since, bounded=bounded)})
    stored = cast(Sequence[TimelineRow], rows)
    return Timeline(stored, _read_tallies(execute, device, since, [*stored, *new]))


def _read_tallies(
    execute: Run, device: UUID, days: Collection[date], rows: Iterable[TimelineRow]
) -> Sequence[rules.Tally]:
    """Read the tallies of the communes of these rows on other days than those judged."""
    units = {row["unit_id"] for row in rows} - {None}
    values = {"device": device, "days": array_literal(sorted(days)), "units": array_literal(units)}
    tallies = execute(TALLIES, {**values, **_months(days)})
    return [rules.Tally(row["day"], row["unit_id"], row["network"], row["n"]) for row in tallies]


def _judge(
    stored: Timeline, new: Sequence[TimelineRow], since: Mapping[date, datetime], judge: Judge
) -> Iterator[Judged]:
    rows = [*stored.rows, *new]
    by_id = {row["id"]: row for row in rows}
    judged = rules.judge_timeline(entries_of(rows), since, judge.owner, judge.caps, stored.tallies)
    for entry, verdict in judged:
        yield by_id[entry.sample.id], verdict


def entries_of(rows: Iterable[TimelineRow]) -> Iterator[rules.TimelineEntry]:
    """Return the entries of rows in order of time."""
    for row in sorted(rows, key=itemgetter("measured_at", "id")):
        yield rules.TimelineEntry(sample_of(row), _stored_verdict(row), row.get("final", False))


def _stored_verdict(row: TimelineRow) -> rules.Verdict | None:
    """Return the stored verdict; None for a new row."""
    return rules.verdict_of(tuple(row["reasons"])) if "reasons" in row else None


def _others_capped(
    judged: Sequence[Judged], stored: Timeline, days: Sequence[date], caps: rules.Caps
) -> bool:
    """Return whether verdicts of other days may change because a commune's cap is reached."""
    later = {rules.commune_month(tally) for tally in stored.tallies if tally.day > days[0]}
    changes = {key: n for key, n in _changes_of_use(judged).items() if key in later}
    if not changes:
        return False
    use = Counter[rules.CommuneMonth]()
    for tally in stored.tallies:
        use[rules.commune_month(tally)] += tally.n
    for row in stored.rows:
        if row["day"] in days:  # else it is in a tally
            use[_commune_month(row)] += rules.uses_commune_cap(row["reasons"])
    return any(use[key] + max(n, 0) > caps.commune for key, n in changes.items())


def _changes_of_use(judged: Iterable[Judged]) -> dict[rules.CommuneMonth, int]:
    """Return by how many samples more or fewer each commune's cap is used up.

    Also 0: one more and a later one fewer move the cap between them.
    """
    changes: dict[rules.CommuneMonth, int] = defaultdict(int)
    for row, verdict in judged:
        if change := _change_of_use(row, verdict):
            changes[_commune_month(row)] += change
    return changes


def _change_of_use(row: JudgedRow, verdict: rules.Verdict) -> int:
    before = "reasons" in row and rules.uses_commune_cap(row["reasons"])
    return rules.uses_commune_cap(verdict.reasons) - before


def _judge_capped(
    execute: Run, device: UUID, judged: Sequence[Judged], days: Sequence[date], caps: rules.Caps
) -> Iterator[Judged]:
    """Judge by the caps of communes the rows of other days of a month, after a change."""
    by_key: dict[rules.CommuneMonth, list[tuple[datetime, UUID, int]]] = defaultdict(list)
    for row, verdict in judged:
        if change := _change_of_use(row, verdict):
            by_key[_commune_month(row)].append((row["measured_at"], row["id"], change))
    for (year, month, unit_id, network), changes in by_key.items():
        first = date(year, month, 1)
        values = {
            "device": device,
            "unit_id": unit_id,
            "network": network,
            "begin": day_begin(first),
            "end": day_begin(_next_month(first)),
            # No place moves by more than there are changes.
            "after": caps.commune - len(changes),
            "to": caps.commune + len(changes),
        }
        for row in cast(Sequence[CappedRow], execute(CAPPED, values)):
            if row["day"] in days or row["final"]:
                continue
            at = (row["measured_at"], row["id"])
            place = row["place"] + sum(n for *before, n in changes if tuple(before) < at)
            verdict = rules.verdict_of(("commune_cap",) if place > caps.commune else ())
            if verdict.reasons != tuple(row["reasons"]):
                yield row, verdict


def _commune_month(row: JudgedRow) -> rules.CommuneMonth:
    return row["day"].year, row["day"].month, row["unit_id"], row["network"]
