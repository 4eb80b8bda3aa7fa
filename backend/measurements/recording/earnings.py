"""Attribution of a device's measurements to teams, in the transaction of the verdicts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import text

from backend.clock import day_begin
from backend.database.extensions import db, dump, fetch
from backend.measurements.recording import earning_sums
from backend.measurements.recording.earning_sums import EarnedRows, counts, rows_of
from backend.measurements.recording.reasons import category
from backend.memberships.attribution import COUNTED, Earned, Sample, covers, earnings
from backend.memberships.attribution_rows import (
    InputsOfNew,
    decisions_on,
    exclusions_of,
    stays_of,
    terms_of,
)
from backend.witness.assurance import Assurance

DAY = timedelta(days=1)


class EarningSample(TypedDict):
    """The columns of a sample by which it is attributed."""

    id: UUID
    measured_at: datetime
    day: date
    network: str
    unit_id: int | None
    assurance: Assurance | None
    reasons: NotRequired[Sequence[str]]  # always there, once it is judged


class StoredSample(EarningSample):
    """A row of ROWS."""

    parent_id: int | None  # of the unit
    province_id: int | None


# Whole days, because the cap of a campaign is per day; uses the index of (device, time).
ROWS = text("""
    select m.id, m.measured_at, m.day, m.network, m.unit_id, m.reasons, m.assurance,
        u.parent_id, u.province_id
    from measurements m left join units u on u.id = m.unit_id
    where m.device_id = :device and m.measured_at >= :since and m.measured_at < :until
      and m.day = any(:days)
      and to_char(m.day, 'YYYY-MM') not in (select month from archived_months)
""")
STORED = text("""
    select measurement_id, campaign_id, team_id, volunteer_id, membership_id, correction_id, guest,
        category, unit_id, day, network, needed
    from earnings where measurement_id = any(:ids)
""")
OF_DEVICE = text("""
    select e.measurement_id, e.campaign_id, e.team_id, e.volunteer_id, e.membership_id,
        e.correction_id, e.guest, e.category, e.unit_id, e.day, e.network, e.needed,
        m.received_at > :since as recent
    from earnings e join measurements m on m.id = e.measurement_id where m.device_id = :device
""")
DELETE = text("""
    delete from earnings e using jsonb_to_recordset(cast(:gone as jsonb))
        as g(measurement_id uuid, campaign_id int)
    where e.measurement_id = g.measurement_id and e.campaign_id = g.campaign_id
""")
# Teams keep the number of residents whom they helped: those whose counted samples stay with them.
KEEP_RESIDENTS = text("""
    with alone as (
        select volunteer_id as id from device_links l where device_id = :device and not exists (
            select from device_links o
            where o.volunteer_id = l.volunteer_id and o.device_id <> l.device_id
        )
    ), helped as (
        select e.campaign_id, to_char(e.day, 'YYYY-MM') as month, e.team_id, e.volunteer_id
        from earnings e
        join measurements m on m.id = e.measurement_id
        join alone on alone.id = e.volunteer_id
        where m.device_id = :device and m.received_at <= :since
            and e.guest and e.category = any(:counted)
        union
        select s.campaign_id, s.month, s.team_id, s.volunteer_id
        from member_months s
        join alone on alone.id = s.volunteer_id
        join archived_months a on a.month = s.month
        join memberships m on m.volunteer_id = s.volunteer_id and m.campaign_id = s.campaign_id
        where s.guests > 0
    )
    insert into withdrawn_residents as old (campaign_id, month, team_id, people)
    select campaign_id, month, team_id, count(*) from helped group by 1, 2, 3 order by 1, 2, 3
    on conflict (campaign_id, month, team_id) do update set people = old.people + excluded.people
""")
# Volunteers without another device lose name, passes and memberships without earnings; each team
# keeps their number. What they earned in archived months, without samples, stays with the team.
DELETE_PERSON = text("""
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
        delete from member_months s using alone, memberships m
        where m.volunteer_id = alone.id and s.campaign_id = m.campaign_id
            and s.volunteer_id = alone.id
        returning s.*
    ), anonymous as (
        insert into member_months as old (
            campaign_id, month, team_id, volunteer_id, network, days, needed, guests, received,
            valid, counted, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old, over_cap, excluded_in_campaign
        )
        select
            campaign_id, month, team_id, 0, network,
            array(select distinct unnest(string_to_array(
                string_agg(nullif(array_to_string(days, ','), ''), ','), ','
            )::date[]) order by 1),
            sum(needed), sum(guests), sum(received), sum(valid), sum(counted),
            sum(witnessed), sum(ticketed), sum(claimed), sum(imported), sum(withdrawn),
            sum(no_device), sum(source_not_counted), sum(unproven), sum(witness_late),
            sum(too_many_tests), sum(before_registration), sum(mock_position), sum(overlap),
            sum(impossible_travel), sum(repeat), sum(third_operator), sum(daily_cap),
            sum(commune_cap), sum(position_missing), sum(position_default), sum(position_coarse),
            sum(outside_communes), sum(excluded), sum(failed_test), sum(kind_unknown),
            sum(foreign_network), sum(implausible_value), sum(fix_stale), sum(in_future),
            sum(too_old), sum(over_cap), sum(excluded_in_campaign)
        from archived group by 1, 2, 3, 4, 5 having sum(received) > 0
        order by 1, 2, 3, 4, 5
        on conflict (campaign_id, month, team_id, volunteer_id, network) do update set
            days = array(
                select distinct day from unnest(old.days || excluded.days) day order by day
            ),
            needed = old.needed + excluded.needed, guests = old.guests + excluded.guests,
            received = old.received + excluded.received, valid = old.valid + excluded.valid,
            counted = old.counted + excluded.counted,
            witnessed = old.witnessed + excluded.witnessed,
            ticketed = old.ticketed + excluded.ticketed, claimed = old.claimed + excluded.claimed,
            imported = old.imported + excluded.imported,
            withdrawn = old.withdrawn + excluded.withdrawn,
            no_device = old.no_device + excluded.no_device,
            source_not_counted = old.source_not_counted + excluded.source_not_counted,
            unproven = old.unproven + excluded.unproven,
            witness_late = old.witness_late + excluded.witness_late,
            too_many_tests = old.too_many_tests + excluded.too_many_tests,
            before_registration = old.before_registration + excluded.before_registration,
            mock_position = old.mock_position + excluded.mock_position,
            overlap = old.overlap + excluded.overlap,
            impossible_travel = old.impossible_travel + excluded.impossible_travel,
            repeat = old.repeat + excluded.repeat,
            third_operator = old.third_operator + excluded.third_operator,
            daily_cap = old.daily_cap + excluded.daily_cap,
            commune_cap = old.commune_cap + excluded.commune_cap,
            position_missing = old.position_missing + excluded.position_missing,
            position_default = old.position_default + excluded.position_default,
            position_coarse = old.position_coarse + excluded.position_coarse,
            outside_communes = old.outside_communes + excluded.outside_communes,
            excluded = old.excluded + excluded.excluded,
            failed_test = old.failed_test + excluded.failed_test,
            kind_unknown = old.kind_unknown + excluded.kind_unknown,
            foreign_network = old.foreign_network + excluded.foreign_network,
            implausible_value = old.implausible_value + excluded.implausible_value,
            fix_stale = old.fix_stale + excluded.fix_stale,
            in_future = old.in_future + excluded.in_future,
            too_old = old.too_old + excluded.too_old, over_cap = old.over_cap + excluded.over_cap,
            excluded_in_campaign = old.excluded_in_campaign + excluded.excluded_in_campaign
    )
    update volunteers v set display_name = null, name_agreed_at = null from alone
    where v.id = alone.id
""")


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
        needed = {e.measurement_id: e.needed for e in of_device if e.category in COUNTED}
        wanted += [
            e._replace(needed=needed.get(e.measurement_id) if counts(e) else False) for e in earned
        ]
    return replace_earnings(stored.difference(wanted), [e for e in wanted if e not in stored])


def _stored_and_wanted(device_id: UUID, days: Sequence[date]) -> tuple[set[Earned], list[Earned]]:
    """Return the stored earnings of a device's days, and those of its measurements now."""
    if not days:
        return set(), []
    span = {"since": day_begin(days[0]), "until": day_begin(days[-1]) + DAY}
    measurements = db.session.execute(ROWS, {"device": device_id, "days": days, **span})
    rows = {row["id"]: cast(StoredSample, row) for row in measurements.mappings()}
    if not rows:
        return set(), []
    stays, decisions = stays_of(device_id), decisions_on(rows)
    campaigns = {stay.campaign_id for stay in stays} | {campaign for _, campaign in decisions}
    samples = [_sample(row, _units_above(row)) for row in rows.values()]
    terms, excluded = terms_of(campaigns), exclusions_of(rows, campaigns)
    stored = {Earned(**row) for row in db.session.execute(STORED, {"ids": list(rows)}).mappings()}
    return stored, list(earnings(samples, stays, terms, decisions, excluded))


def earn_new(inputs: InputsOfNew, rows: Sequence[EarningSample]) -> EarnedRows | None:
    """Return the earnings of new samples; None if they depend on others, by the cap of a campaign.

    Changes of campaigns and of past memberships raise the version of their devices, and the caller
    stores nothing if the version changed; joining and leaving hold from now on.
    """
    samples = [_sample(row, _within(inputs, row["unit_id"])) for row in rows]
    capped = [terms for terms in inputs.terms if terms.cap is not None]
    if any(covers(terms, sample) for terms in capped for sample in samples):
        return None
    return rows_of((), list(earnings(samples, inputs.stays, inputs.terms, {}, ())))


def _within(inputs: InputsOfNew, unit_id: int | None) -> frozenset[int]:
    return inputs.within.get(unit_id, frozenset()) if unit_id is not None else frozenset()


def unlink_person(device_id: UUID, since: datetime) -> None:
    """Unlink a device's earnings from its volunteer, before the device is withdrawn.

    Those of measurements received after `since` are removed.
    """
    gone, kept = set(), []
    of_device = {"device": device_id, "since": since}
    db.session.execute(KEEP_RESIDENTS, {**of_device, "counted": sorted(COUNTED)})
    for row in db.session.execute(OF_DEVICE, of_device).mappings():
        earned = Earned(**{name: row[name] for name in Earned._fields})
        if row["recent"] or earned.volunteer_id is not None:
            gone.add(earned)
        if not row["recent"] and earned.volunteer_id is not None:
            kept.append(earned._replace(volunteer_id=None, membership_id=None))
    replace_earnings(gone, kept)
    db.session.execute(DELETE_PERSON, {"device": device_id})


def replace_earnings(gone: Collection[Earned], new: Sequence[Earned]) -> int:
    """Write changed earnings and their sums; return the number of changes."""
    changed = {(e.measurement_id, e.campaign_id) for e in (*gone, *new)}
    if not changed:
        return 0
    if gone:
        keys = [
            {"measurement_id": earned.measurement_id, "campaign_id": earned.campaign_id}
            for earned in gone
        ]
        db.session.execute(DELETE, {"gone": dump(keys)})
    rows = rows_of(gone, new)
    fetch(earning_sums.ADD, rows.values())
    if gone:
        db.session.execute(earning_sums.LOST_DAYS_OF_MEMBERS, {"members": dump(rows.members)})
        db.session.execute(earning_sums.LOST_DAYS_OF_UNITS, {"units": dump(rows.units)})
    return len(changed)


def _units_above(row: StoredSample) -> frozenset[int]:
    above = (row["unit_id"], row["parent_id"], row["province_id"])
    return frozenset(unit for unit in above if unit is not None)


def _sample(row: EarningSample, within: frozenset[int]) -> Sample:
    return Sample(
        id=row["id"],
        at=row["measured_at"],
        day=row["day"],
        network=row["network"],
        unit_id=row["unit_id"],
        within=within,
        category=category(row["reasons"], (), row["assurance"]),
    )
