"""Attribution of a device's measurements to teams, in the transaction of the verdicts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from backend.clock import day_begin
from backend.database.extensions import Run, db, dump, fetch
from backend.measurements.recording.archived import NOT_ARCHIVED
from backend.measurements.recording.reasons import COLUMNS, category
from backend.memberships.attribution import (
    COUNTED,
    EXCLUDED,
    OVER_CAP,
    RULE,
    Earned,
    Sample,
    covers,
    earnings,
)
from backend.memberships.attribution_rows import (
    decisions_on,
    exclusions_of,
    inputs_of_new,
    stays_of,
    terms_of,
)

DAY = timedelta(days=1)

# Whole days, because the cap of a campaign is per day; uses the index of (device, time).
ROWS = text(f"""
    select m.id, m.measured_at, m.day, m.network, m.unit_id, m.reasons, m.assurance,
        u.parent_id, u.province_id
    from measurements m left join units u on u.id = m.unit_id
    where m.device_id = :device and m.measured_at >= :since and m.measured_at < :until
      and m.day = any(:days) and to_char(m.day, 'YYYY-MM') {NOT_ARCHIVED}
""")  # noqa: S608 # a condition
STORED = text(f"""
    select {", ".join(Earned._fields)} from earnings where measurement_id = any(:ids)
""")  # noqa: S608 # names of columns
OF_DEVICE = text(f"""
    select {", ".join(f"e.{name}" for name in Earned._fields)}, m.received_at > :since as recent
    from earnings e join measurements m on m.id = e.measurement_id where m.device_id = :device
""")  # noqa: S608
DELETE = text("""
    delete from earnings e using jsonb_to_recordset(cast(:gone as jsonb))
        as g(measurement_id uuid, campaign_id int)
    where e.measurement_id = g.measurement_id and e.campaign_id = g.campaign_id
""")
# An earning that begins to count now has no `needed` yet: it is needed if the commune's counted
# samples, without the `later` ones of the same transaction, are at most those of its target.
_STORED = ", ".join(f"e.{name}" for name in (*Earned._fields, "rules") if name != "needed")
ADD_EARNINGS = f"""
    insert into earnings ({_STORED.replace("e.", "")}, needed)
    select {_STORED}, coalesce(
        e.needed, months.counted - e.later <= target.threshold, false)
    from {{after}} jsonb_to_recordset(cast(%(earned)s as jsonb)) as e (
        measurement_id uuid, campaign_id int, team_id int, volunteer_id bigint,
        membership_id bigint, correction_id bigint, rules int, guest boolean, category text,
        unit_id int, day date, network text, needed boolean, later int)
    left join {{months}} months on months.month = to_char(e.day, 'YYYY-MM')
        and months.network = e.network and months.unit_id = e.unit_id
    left join lateral (
        select threshold from targets
        where level = 'commune' and purpose = 'target' and network = e.network
            and (unit_id = e.unit_id or unit_id is null)
            and daterange(valid_from, valid_to, '[]')
                @> (date_trunc('month', e.day) + interval '1 month - 1 day')::date
        order by unit_id nulls last limit 1
    ) target on true
    returning campaign_id, team_id, volunteer_id, unit_id, day, network, needed
"""  # noqa: S608
# The grains of `earning_sums`, each with the key of an earning.
_GRAINS = """
    (values ('member', coalesce(volunteer_id, 0)::bigint), ('unit', coalesce(unit_id, 0)::bigint),
        ('day', (day - date '0001-01-01' + 1)::bigint)) as grains (grain, key)
"""
_KEY = ("campaign_id", "month", "grain", "team_id", "key", "network")
TEAM_COLUMNS = COLUMNS | {OVER_CAP: OVER_CAP, EXCLUDED: EXCLUDED}
_NUMBERS = ("guests", *TEAM_COLUMNS.values())
_DAYS = ("days", "needed_days")
_BIT = "1::bigint << extract(day from day)::int - 1"
_SUMMED = ", ".join((*_KEY, *_DAYS, "needed", *_NUMBERS))
NOTHING = dict.fromkeys(("needed", *_NUMBERS), 0)
ADD_TO_SUMS = f"""
    on conflict ({", ".join(_KEY)}) do update set
        {", ".join(f"{name} = old.{name} | excluded.{name}" for name in _DAYS)},
        needed = old.needed + excluded.needed,
        {", ".join(f"{name} = old.{name} + excluded.{name}" for name in _NUMBERS)}
"""
# Changes of sums, and the needed ones of `earned`.
ADD_SUMS = f"""
    insert into earning_sums as old ({_SUMMED})
    select {", ".join(_KEY)}, added.days, coalesce(new.days, 0),
        added.needed + coalesce(new.n, 0), {", ".join(_NUMBERS)}
    from {{after}} jsonb_populate_recordset(null::earning_sums, cast(%(sums)s as jsonb)) added
    left join (
        select campaign_id, to_char(day, 'YYYY-MM') as month, grain, team_id, key, network,
            count(*) as n, bit_or({_BIT}) as days
        from earned cross join lateral {_GRAINS} where needed group by 1, 2, 3, 4, 5, 6
    ) new using ({", ".join(_KEY)})
    order by {", ".join(_KEY)}
    {ADD_TO_SUMS}
    returning 1
"""  # noqa: S608
ADD = f"""
    with earned as ({ADD_EARNINGS.format(after="", months="unit_months")}),
        sums as ({ADD_SUMS.format(after="")})
    select count(*) from sums
"""  # noqa: S608
# Days of sums that lost earnings: without those that have none left.
DAYS = text(f"""
    update earning_sums s set (days, needed_days) = (
        select coalesce(bit_or({_BIT}), 0), coalesce(bit_or({_BIT}) filter (where needed), 0)
        from earnings cross join lateral {_GRAINS}
        where campaign_id = s.campaign_id and team_id = s.team_id and network = s.network
            and to_char(day, 'YYYY-MM') = s.month and grain = s.grain and key = s.key
    )
    from jsonb_populate_recordset(null::earning_sums, cast(:sums as jsonb)) lost
    where {" and ".join(f"s.{name} = lost.{name}" for name in _KEY)}
""")  # noqa: S608
# The stored sums on one side, the earnings on the other.
DIFFERENCES = text(f"""
    with truth as (
        select campaign_id, to_char(day, 'YYYY-MM') as month, grain, team_id, key, network,
            coalesce(cast(:columns as jsonb) ->> category, category) as column, 1 as n, day,
            needed, guest and category = any(:counted) as guest
        from earnings cross join lateral {_GRAINS}
    ), sides as (
        select {", ".join(_KEY)}, "column" as name, 0 as stored, n as truth from truth
        union all
        select {", ".join(_KEY)}, 'needed', 0, 1 from truth where needed
        union all
        select {", ".join(_KEY)}, 'guests', 0, 1 from truth where guest
        union all
        select {", ".join(_KEY)}, 'days', 0, bit_or({_BIT}) from truth group by 1, 2, 3, 4, 5, 6
        union all
        select {", ".join(_KEY)}, 'needed_days', 0, bit_or({_BIT})
        from truth where needed group by 1, 2, 3, 4, 5, 6
        union all
        select {", ".join(_KEY)}, number.name, number.value::bigint, 0
        from earning_sums s cross join lateral jsonb_each_text(
            to_jsonb(s) - array['key', 'campaign_id', 'month', 'grain', 'team_id', 'network',
                'received', 'valid', 'counted']) number (name, value)
    )
    select {", ".join(_KEY)}, name, sum(stored)::bigint as stored, sum(truth)::bigint as truth
    from sides where month {NOT_ARCHIVED}
    group by {", ".join(_KEY)}, name having sum(stored) <> sum(truth)
    order by {", ".join(_KEY)}, name
""").bindparams(columns=dump(TEAM_COLUMNS), counted=sorted(COUNTED))  # noqa: S608
DELETE_SUMS = text(f"""
    delete from earning_sums s using jsonb_populate_recordset(
        null::earning_sums, cast(:wrong as jsonb)) wrong
    where {" and ".join(f"s.{name} = wrong.{name}" for name in _KEY)}
""")  # noqa: S608
SUM_AGAIN = text(f"""
    insert into earning_sums ({_SUMMED})
    select {", ".join(_KEY)}, bit_or({_BIT}), coalesce(bit_or({_BIT}) filter (where needed), 0),
        count(*) filter (where needed), count(*) filter (where guest and category = any(:counted)),
        {", ".join(f"count(*) filter (where category = '{name}')" for name in TEAM_COLUMNS)}
    from (
        select *, to_char(day, 'YYYY-MM') as month from earnings cross join lateral {_GRAINS}
    ) earned join (
        select distinct {", ".join(_KEY)}
        from jsonb_populate_recordset(null::earning_sums, cast(:wrong as jsonb))
    ) wrong using ({", ".join(_KEY)})
    group by {", ".join(_KEY)}
""").bindparams(counted=sorted(COUNTED))  # noqa: S608
# Volunteers without another device lose name, passes and memberships without earnings; each team
# keeps their number. What they earned in archived months, without samples, stays with the team.
DELETE_PERSON = text(f"""
    with alone as (
        select volunteer_id as id from device_links l where device_id = :device and not exists (
            select from device_links o
            where o.volunteer_id = l.volunteer_id and o.device_id <> l.device_id
        )
    ), passes_gone as (
        delete from passes using alone where passes.volunteer_id = alone.id
    ), left_teams as (
        insert into withdrawn_members as old (campaign_id, team_id, people)
        select distinct campaign_id, team_id, 1
        from memberships m join alone on alone.id = m.volunteer_id
        order by 1, 2
        on conflict (campaign_id, team_id) do update set people = old.people + 1
    ), memberships_gone as (
        delete from memberships m using alone where m.volunteer_id = alone.id
            and not exists (select from earnings e where e.membership_id = m.id)
    ), helped as (
        update earnings e set volunteer_id = null from alone, memberships m
        where m.volunteer_id = alone.id and e.campaign_id = m.campaign_id and e.needed
            and e.volunteer_id = alone.id
    ), archived as (
        delete from earning_sums s using alone, memberships m
        where m.volunteer_id = alone.id and s.campaign_id = m.campaign_id and s.key = alone.id
            and s.grain = 'member'
        returning s.*
    ), anonymous as (
        insert into earning_sums as old ({_SUMMED})
        select campaign_id, month, grain, team_id, 0, network,
            {", ".join(f"bit_or({name})" for name in _DAYS)}, sum(needed),
            {", ".join(f"sum({name})" for name in _NUMBERS)}
        from archived group by 1, 2, 3, 4, 5, 6 having sum(received) > 0
        {ADD_TO_SUMS}
    )
    update volunteers v set display_name = null, name_agreed_at = null from alone
    where v.id = alone.id
""")  # noqa: S608 # names of columns


class EarnedRows(NamedTuple):
    """Rows for ADD_EARNINGS and ADD_SUMS."""

    earnings: Sequence[dict[str, Any]]
    sums: Sequence[dict[str, Any]]

    def values(self) -> dict[str, Any]:
        """Return the parameters of the statements."""
        return {"earned": dump(self.earnings), "sums": dump(self.sums)}


def attribute(days_of: Mapping[UUID, Iterable[date]]) -> int:
    """Attribute devices' measurements of these days again; return the number of changes.

    The caller has locked the devices' rows and written changed counts; it commits.
    """
    stored: set[Earned] = set()
    wanted: list[Earned] = []
    for device_id, days in days_of.items():
        of_device, earned = _stored_and_wanted(device_id, sorted(set(days)))
        stored |= of_device
        # Whether a sample is needed is decided when it begins to count, in any campaign.
        needed = {one.measurement_id: one.needed for one in of_device if one.category in COUNTED}
        wanted += [
            one._replace(needed=needed.get(one.measurement_id) if _counts(one) else False)
            for one in earned
        ]
    return replace_earnings(stored.difference(wanted), [e for e in wanted if e not in stored])


def _stored_and_wanted(device_id: UUID, days: Sequence[date]) -> tuple[set[Earned], list[Earned]]:
    """Return the stored earnings of a device's days, and those of its measurements now."""
    if not days:
        return set(), []
    span = {"since": day_begin(days[0]), "until": day_begin(days[-1]) + DAY}
    found = db.session.execute(ROWS, {"device": device_id, "days": days, **span})
    rows = {row["id"]: row for row in found.mappings()}
    if not rows:
        return set(), []
    stays, decisions = stays_of(device_id), decisions_on(rows)
    campaigns = {stay.campaign_id for stay in stays} | {campaign for _, campaign in decisions}
    samples = [_sample(row, _units_above(row)) for row in rows.values()]
    terms, excluded = terms_of(campaigns), exclusions_of(rows, campaigns)
    stored = {Earned(**row) for row in db.session.execute(STORED, {"ids": list(rows)}).mappings()}
    return stored, list(earnings(samples, stays, terms, decisions, excluded))


def earn_new(run: Run, device_id: UUID, rows: Sequence[Mapping[str, Any]]) -> EarnedRows | None:
    """Return the earnings of new samples; None if they depend on others, by the cap of a campaign.

    Changes of campaigns and of past memberships raise the version of their devices, and the caller
    stores nothing if the version changed; joining and leaving hold from now on.
    """
    inputs = inputs_of_new(run, device_id, {row["unit_id"] for row in rows} - {None})
    samples = [_sample(row, inputs.within.get(row["unit_id"], frozenset())) for row in rows]
    capped = [terms for terms in inputs.terms if terms.cap is not None]
    if any(covers(terms, sample) for terms in capped for sample in samples):
        return None
    return _rows((), list(earnings(samples, inputs.stays, inputs.terms, {}, ())))


def unlink_person(device_id: UUID, since: datetime) -> None:
    """Unlink a device's earnings from its volunteer, before the device is withdrawn.

    Those of measurements received after `since` are removed.
    """
    gone, kept = set(), []
    for row in db.session.execute(OF_DEVICE, {"device": device_id, "since": since}).mappings():
        earned = Earned(**{name: row[name] for name in Earned._fields})
        if row["recent"] or earned.volunteer_id is not None:
            gone.add(earned)
        if not row["recent"] and earned.volunteer_id is not None:
            kept.append(earned._replace(volunteer_id=None, membership_id=None))
    replace_earnings(gone, kept)
    db.session.execute(DELETE_PERSON, {"device": device_id})


def replace_earnings(gone: Collection[Earned], new: Sequence[Earned]) -> int:
    """Write changed earnings and their sums; return the number of changes."""
    changed = {(one.measurement_id, one.campaign_id) for one in (*gone, *new)}
    if not changed:
        return 0
    if gone:
        keys = [
            {"measurement_id": one.measurement_id, "campaign_id": one.campaign_id} for one in gone
        ]
        db.session.execute(DELETE, {"gone": dump(keys)})
    rows = _rows(gone, new)
    fetch(ADD, rows.values())
    if gone:
        db.session.execute(DAYS, {"sums": dump(rows.sums)})
    return len(changed)


def differences() -> list[dict[str, Any]]:
    """Return the stored sums that differ from the earnings, with both numbers.

    Archived months have their sums alone.
    """
    return [dict(row) for row in db.session.execute(DIFFERENCES).mappings()]


def repair(found: Iterable[Mapping[str, Any]]) -> None:
    """Sum the earnings of the rows of `differences` again; commit."""
    wrong = dump([{name: row[name] for name in _KEY} for row in found])
    db.session.execute(DELETE_SUMS, {"wrong": wrong})
    db.session.execute(SUM_AGAIN, {"wrong": wrong})
    db.session.commit()


def _counts(earned: Earned) -> bool:
    return earned.category in COUNTED


def _rows(gone: Iterable[Earned], new: Sequence[Earned]) -> EarnedRows:
    """Return changed earnings as the rows of statements; `new` is in the order of arrival."""
    later: dict[tuple[Any, ...], set[UUID]] = {}  # by commune, month and network
    rows = []
    for one in reversed(new):
        row = one._asdict() | {"rules": RULE, "later": 0}
        if not _counts(one):
            row["needed"] = False
        elif one.needed is None:
            commune = one.unit_id, one.network, one.day.year, one.day.month
            after = later.setdefault(commune, set())
            row["later"] = len(after - {one.measurement_id})
            after.add(one.measurement_id)
        rows.append(row)
    sums: dict[tuple[Any, ...], dict[str, int]] = {}
    for n, changed in ((-1, gone), (1, new)):
        for one in changed:
            subjects = one.volunteer_id or 0, one.unit_id or 0, one.day.toordinal()
            for grain, subject in zip(("member", "unit", "day"), subjects, strict=True):
                key = one.campaign_id, f"{one.day:%Y-%m}", grain, one.team_id, subject, one.network
                numbers = sums.setdefault(key, {"days": 0, **NOTHING})
                numbers[TEAM_COLUMNS[one.category]] += n
                numbers["guests"] += n if one.guest and _counts(one) else 0
                numbers["needed"] -= 1 if n < 0 and one.needed else 0  # ADD_SUMS adds the new ones
                numbers["days"] |= 1 << one.day.day - 1 if n > 0 else 0
    return EarnedRows(
        rows, [dict(zip(_KEY, key, strict=True)) | numbers for key, numbers in sums.items()]
    )


def _units_above(row: Mapping[Any, Any]) -> frozenset[int]:
    above = (row["unit_id"], row["parent_id"], row["province_id"])
    return frozenset(unit for unit in above if unit is not None)


def _sample(row: Mapping[Any, Any], within: frozenset[int]) -> Sample:
    return Sample(
        id=row["id"],
        at=row["measured_at"],
        day=row["day"],
        network=row["network"],
        unit_id=row["unit_id"],
        within=within,
        category=category(row["reasons"], (), row["assurance"]),
    )
