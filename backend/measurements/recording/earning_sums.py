"""Sums of earnings: by member and month, by unit and month, and by day of a team.

They are updated by the transaction that changes earnings. A recount compares every stored sum with
the earnings that it sums.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple, NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import TextClause, text

from backend.database.extensions import db, dump
from backend.measurements.recording.reasons import BASES, COLUMNS, NOT_VALID
from backend.memberships.attribution import COUNTED, EXCLUDED, OVER_CAP, RULE, Earned

# The column of each category in the sums of teams.
TEAM_COLUMNS = COLUMNS | {OVER_CAP: OVER_CAP, EXCLUDED: EXCLUDED}
NOTHING = dict.fromkeys(("needed", "guests", *BASES, *TEAM_COLUMNS.values()), 0)

ADD = """
    with earned as (
        -- An earning that begins to count now has no `needed` yet: it is needed if the commune's
        -- counted samples, without the `later` ones of this statement, are at most its target.
        insert into earnings (
            measurement_id, campaign_id, team_id, volunteer_id, membership_id, correction_id, guest,
            category, unit_id, day, network, rules, needed
        )
        select e.measurement_id, e.campaign_id, e.team_id, e.volunteer_id, e.membership_id,
            e.correction_id, e.guest, e.category, e.unit_id, e.day, e.network, e.rules,
            coalesce(e.needed, commune.counted - e.later <= target.threshold, false)
        from jsonb_to_recordset(cast(%(earned)s as jsonb)) as e (
            measurement_id uuid, campaign_id int, team_id int, volunteer_id bigint,
            membership_id bigint, correction_id bigint, guest boolean, category text, unit_id int,
            day date, network text, rules int, needed boolean, later int
        )
        left join unit_months commune on commune.month = to_char(e.day, 'YYYY-MM')
            and commune.network = e.network and commune.unit_id = e.unit_id
        left join lateral (
            select threshold from targets
            where level = 'commune' and purpose = 'target' and network = e.network
                and (unit_id = e.unit_id or unit_id is null)
                and daterange(valid_from, valid_to, '[]')
                    @> (date_trunc('month', e.day) + interval '1 month - 1 day')::date
            order by unit_id nulls last limit 1
        ) target on true
        returning campaign_id, team_id, volunteer_id, unit_id, day, network, needed
    ), member_sums as (
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
            campaign_id, month, team_id, volunteer_id, network, days,
            added.needed + coalesce(new.needed, 0), guests, received, valid, counted, witnessed,
            ticketed, claimed, imported, withdrawn, no_device, source_not_counted, unproven,
            witness_late, too_many_tests, before_registration, mock_position, overlap,
            impossible_travel, repeat, third_operator, daily_cap, commune_cap, position_missing,
            position_default, position_coarse, outside_communes, excluded, failed_test,
            kind_unknown, foreign_network, implausible_value, fix_stale, in_future, too_old,
            over_cap, excluded_in_campaign
        from jsonb_populate_recordset(null::member_months, cast(%(members)s as jsonb)) added
        left join (
            select campaign_id, to_char(day, 'YYYY-MM') as month, team_id,
                coalesce(volunteer_id, 0) as volunteer_id, network, count(*) as needed
            from earned where needed group by 1, 2, 3, 4, 5
        ) new using (campaign_id, month, team_id, volunteer_id, network)
        order by campaign_id, month, team_id, volunteer_id, network
        on conflict (campaign_id, month, team_id, volunteer_id, network) do update set
            days = case when old.days @> excluded.days then old.days else array(
                select distinct day from unnest(old.days || excluded.days) day order by day
            ) end,
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
        returning 1
    ), unit_sums as (
        insert into team_unit_months as old (
            campaign_id, month, team_id, unit_id, network, days, needed_days, needed, guests,
            received, valid, counted, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old, over_cap, excluded_in_campaign
        )
        select
            campaign_id, month, team_id, unit_id, network, added.days, coalesce(new.days, '{}'),
            added.needed + coalesce(new.needed, 0), guests, received, valid, counted, witnessed,
            ticketed, claimed, imported, withdrawn, no_device, source_not_counted, unproven,
            witness_late, too_many_tests, before_registration, mock_position, overlap,
            impossible_travel, repeat, third_operator, daily_cap, commune_cap, position_missing,
            position_default, position_coarse, outside_communes, excluded, failed_test,
            kind_unknown, foreign_network, implausible_value, fix_stale, in_future, too_old,
            over_cap, excluded_in_campaign
        from (select count(*) from member_sums) members_first,
            jsonb_populate_recordset(null::team_unit_months, cast(%(units)s as jsonb)) added
        left join (
            select campaign_id, to_char(day, 'YYYY-MM') as month, team_id,
                coalesce(unit_id, 0) as unit_id, network, count(*) as needed,
                array_agg(distinct day order by day) as days
            from earned where needed group by 1, 2, 3, 4, 5
        ) new using (campaign_id, month, team_id, unit_id, network)
        order by campaign_id, month, team_id, unit_id, network
        on conflict (campaign_id, month, team_id, unit_id, network) do update set
            days = case when old.days @> excluded.days then old.days else array(
                select distinct day from unnest(old.days || excluded.days) day order by day
            ) end,
            needed_days = case when old.needed_days @> excluded.needed_days then old.needed_days
                else array(
                    select distinct day from unnest(old.needed_days || excluded.needed_days) day
                    order by day
                ) end,
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
        returning 1
    ), day_sums as (
        insert into team_days as old (
            campaign_id, team_id, day, network, needed, guests, received, valid, counted, witnessed,
            ticketed, claimed, imported, withdrawn, no_device, source_not_counted, unproven,
            witness_late, too_many_tests, before_registration, mock_position, overlap,
            impossible_travel, repeat, third_operator, daily_cap, commune_cap, position_missing,
            position_default, position_coarse, outside_communes, excluded, failed_test,
            kind_unknown, foreign_network, implausible_value, fix_stale, in_future, too_old,
            over_cap, excluded_in_campaign
        )
        select
            campaign_id, team_id, day, network, added.needed + coalesce(new.needed, 0), guests,
            received, valid, counted, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old, over_cap, excluded_in_campaign
        from (select count(*) from unit_sums) units_first,
            jsonb_populate_recordset(null::team_days, cast(%(team_days)s as jsonb)) added
        left join (
            select campaign_id, team_id, day, network, count(*) as needed
            from earned where needed group by 1, 2, 3, 4
        ) new using (campaign_id, team_id, day, network)
        order by campaign_id, team_id, day, network
        on conflict (campaign_id, team_id, day, network) do update set
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
        returning 1
    )
    select count(*) from day_sums
"""
# Days of sums that lost earnings: without those that have none left.
LOST_DAYS_OF_MEMBERS = text("""
    update member_months s set days = array(
        select distinct e.day from earnings e
        where e.campaign_id = s.campaign_id and e.team_id = s.team_id and e.network = s.network
            and to_char(e.day, 'YYYY-MM') = s.month and coalesce(e.volunteer_id, 0) = s.volunteer_id
        order by e.day
    )
    from jsonb_populate_recordset(null::member_months, cast(:members as jsonb)) lost
    where s.campaign_id = lost.campaign_id and s.month = lost.month and s.team_id = lost.team_id
        and s.volunteer_id = lost.volunteer_id and s.network = lost.network
""")
LOST_DAYS_OF_UNITS = text("""
    update team_unit_months s set (days, needed_days) = (
        select coalesce(array_agg(distinct e.day order by e.day), '{}'),
            coalesce(array_agg(distinct e.day order by e.day) filter (where e.needed), '{}')
        from earnings e
        where e.campaign_id = s.campaign_id and e.team_id = s.team_id and e.network = s.network
            and to_char(e.day, 'YYYY-MM') = s.month and coalesce(e.unit_id, 0) = s.unit_id
    )
    from jsonb_populate_recordset(null::team_unit_months, cast(:units as jsonb)) lost
    where s.campaign_id = lost.campaign_id and s.month = lost.month and s.team_id = lost.team_id
        and s.unit_id = lost.unit_id and s.network = lost.network
""")
# The stored sums on one side, the earnings on the other; a day of a list counts 1.
DIFFERENCES_OF_MEMBERS = text("""
    with earned as (
        select campaign_id, to_char(day, 'YYYY-MM') as month, team_id,
            coalesce(volunteer_id, 0) as volunteer_id, network, day, needed,
            coalesce(cast(:columns as jsonb) ->> category, category) as name,
            category <> all(:not_valid) as valid, category = any(:counted) as counted, guest
        from earnings
    ), sides as (
        select campaign_id, month, team_id, volunteer_id, network, name, null::date as day,
            0 as stored, 1 as truth
        from earned
        union all
        select campaign_id, month, team_id, volunteer_id, network, number.name, null, 0, 1
        from earned cross join lateral (values ('received', true), ('valid', valid),
            ('counted', counted), ('guests', guest and counted), ('needed', needed)
        ) as number (name, summed)
        where summed
        union all
        (select distinct campaign_id, month, team_id, volunteer_id, network, 'days', day, 0, 1
        from earned)
        union all
        select campaign_id, month, team_id, volunteer_id, network, 'days', unnest(days), 1, 0
        from member_months
        union all
        select campaign_id, month, team_id, volunteer_id, network, number.key, null,
            number.value::int, 0
        from member_months s cross join lateral jsonb_each_text(to_jsonb(s) - array[
            'campaign_id', 'month', 'team_id', 'volunteer_id', 'network', 'days'
        ]) number
    )
    select campaign_id, month, team_id, volunteer_id, network, name, day,
        sum(stored)::int as stored, sum(truth)::int as truth
    from sides where month not in (select month from archived_months)
    group by 1, 2, 3, 4, 5, 6, 7 having sum(stored) <> sum(truth)
    order by 1, 2, 3, 4, 5, 6, 7
""")
DIFFERENCES_OF_UNITS = text("""
    with earned as (
        select campaign_id, to_char(day, 'YYYY-MM') as month, team_id,
            coalesce(unit_id, 0) as unit_id, network, day, needed,
            coalesce(cast(:columns as jsonb) ->> category, category) as name,
            category <> all(:not_valid) as valid, category = any(:counted) as counted, guest
        from earnings
    ), sides as (
        select campaign_id, month, team_id, unit_id, network, name, null::date as day,
            0 as stored, 1 as truth
        from earned
        union all
        select campaign_id, month, team_id, unit_id, network, number.name, null, 0, 1
        from earned cross join lateral (values ('received', true), ('valid', valid),
            ('counted', counted), ('guests', guest and counted), ('needed', needed)
        ) as number (name, summed)
        where summed
        union all
        (select distinct campaign_id, month, team_id, unit_id, network, 'days', day, 0, 1
        from earned)
        union all
        (select distinct campaign_id, month, team_id, unit_id, network, 'needed_days', day, 0, 1
        from earned where needed)
        union all
        select campaign_id, month, team_id, unit_id, network, 'days', unnest(days), 1, 0
        from team_unit_months
        union all
        select campaign_id, month, team_id, unit_id, network, 'needed_days', unnest(needed_days),
            1, 0
        from team_unit_months
        union all
        select campaign_id, month, team_id, unit_id, network, number.key, null,
            number.value::int, 0
        from team_unit_months s cross join lateral jsonb_each_text(to_jsonb(s) - array[
            'campaign_id', 'month', 'team_id', 'unit_id', 'network', 'days', 'needed_days'
        ]) number
    )
    select campaign_id, month, team_id, unit_id, network, name, day,
        sum(stored)::int as stored, sum(truth)::int as truth
    from sides where month not in (select month from archived_months)
    group by 1, 2, 3, 4, 5, 6, 7 having sum(stored) <> sum(truth)
    order by 1, 2, 3, 4, 5, 6, 7
""")
DIFFERENCES_OF_DAYS = text("""
    with earned as (
        select campaign_id, team_id, day, network, needed,
            coalesce(cast(:columns as jsonb) ->> category, category) as name,
            category <> all(:not_valid) as valid, category = any(:counted) as counted, guest
        from earnings
    ), sides as (
        select campaign_id, team_id, day, network, name, 0 as stored, 1 as truth from earned
        union all
        select campaign_id, team_id, day, network, number.name, 0, 1
        from earned cross join lateral (values ('received', true), ('valid', valid),
            ('counted', counted), ('guests', guest and counted), ('needed', needed)
        ) as number (name, summed)
        where summed
        union all
        select campaign_id, team_id, day, network, number.key, number.value::int, 0
        from team_days s cross join lateral jsonb_each_text(to_jsonb(s) - array[
            'campaign_id', 'team_id', 'day', 'network'
        ]) number
    )
    select campaign_id, team_id, day, network, name,
        sum(stored)::int as stored, sum(truth)::int as truth
    from sides where to_char(day, 'YYYY-MM') not in (select month from archived_months)
    group by 1, 2, 3, 4, 5 having sum(stored) <> sum(truth)
    order by 1, 2, 3, 4, 5
""")
# Sums of keys that differ, made again from the earnings.
DELETE_MEMBERS = text("""
    delete from member_months s
    using jsonb_populate_recordset(null::member_months, cast(:wrong as jsonb)) wrong
    where s.campaign_id = wrong.campaign_id and s.month = wrong.month and s.team_id = wrong.team_id
        and s.volunteer_id = wrong.volunteer_id and s.network = wrong.network
""")
SUM_MEMBERS = text("""
    insert into member_months (
        campaign_id, month, team_id, volunteer_id, network, days, needed, guests, received, valid,
        counted, witnessed, ticketed, claimed, imported, withdrawn, no_device, source_not_counted,
        unproven, witness_late, too_many_tests, before_registration, mock_position, overlap,
        impossible_travel, repeat, third_operator, daily_cap, commune_cap, position_missing,
        position_default, position_coarse, outside_communes, excluded, failed_test, kind_unknown,
        foreign_network, implausible_value, fix_stale, in_future, too_old, over_cap,
        excluded_in_campaign
    )
    select
        campaign_id, month, team_id, volunteer_id, network, array_agg(distinct day order by day),
        count(*) filter (where needed),
        count(*) filter (where guest and category = any(:counted)),
        count(*), count(*) filter (where category <> all(:not_valid)),
        count(*) filter (where category = any(:counted)),
        count(*) filter (where category = 'counted_witnessed'),
        count(*) filter (where category = 'counted_ticketed'),
        count(*) filter (where category = 'counted'),
        count(*) filter (where category = 'counted_by_admin'),
        count(*) filter (where category = 'withdrawn'),
        count(*) filter (where category = 'no_device'),
        count(*) filter (where category = 'source_not_counted'),
        count(*) filter (where category = 'unproven'),
        count(*) filter (where category = 'witness_late'),
        count(*) filter (where category = 'too_many_tests'),
        count(*) filter (where category = 'before_registration'),
        count(*) filter (where category = 'mock_position'),
        count(*) filter (where category = 'overlap'),
        count(*) filter (where category = 'impossible_travel'),
        count(*) filter (where category = 'repeat'),
        count(*) filter (where category = 'third_operator'),
        count(*) filter (where category = 'daily_cap'),
        count(*) filter (where category = 'commune_cap'),
        count(*) filter (where category = 'position_missing'),
        count(*) filter (where category = 'position_default'),
        count(*) filter (where category = 'position_coarse'),
        count(*) filter (where category = 'outside_communes'),
        count(*) filter (where category = 'excluded'),
        count(*) filter (where category = 'failed_test'),
        count(*) filter (where category = 'kind_unknown'),
        count(*) filter (where category = 'foreign_network'),
        count(*) filter (where category = 'implausible_value'),
        count(*) filter (where category = 'fix_stale'),
        count(*) filter (where category = 'in_future'),
        count(*) filter (where category = 'too_old'), count(*) filter (where category = 'over_cap'),
        count(*) filter (where category = 'excluded_in_campaign')
    from (
        select campaign_id, to_char(day, 'YYYY-MM') as month, team_id,
            coalesce(volunteer_id, 0) as volunteer_id, network, day, needed, guest, category
        from earnings
    ) earned join (
        select distinct campaign_id, month, team_id, volunteer_id, network
        from jsonb_populate_recordset(null::member_months, cast(:wrong as jsonb))
    ) wrong using (campaign_id, month, team_id, volunteer_id, network)
    group by 1, 2, 3, 4, 5
""")
DELETE_UNITS = text("""
    delete from team_unit_months s
    using jsonb_populate_recordset(null::team_unit_months, cast(:wrong as jsonb)) wrong
    where s.campaign_id = wrong.campaign_id and s.month = wrong.month and s.team_id = wrong.team_id
        and s.unit_id = wrong.unit_id and s.network = wrong.network
""")
SUM_UNITS = text("""
    insert into team_unit_months (
        campaign_id, month, team_id, unit_id, network, days, needed_days, needed, guests, received,
        valid, counted, witnessed, ticketed, claimed, imported, withdrawn, no_device,
        source_not_counted, unproven, witness_late, too_many_tests, before_registration,
        mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap, commune_cap,
        position_missing, position_default, position_coarse, outside_communes, excluded,
        failed_test, kind_unknown, foreign_network, implausible_value, fix_stale, in_future,
        too_old, over_cap, excluded_in_campaign
    )
    select
        campaign_id, month, team_id, unit_id, network, array_agg(distinct day order by day),
        coalesce(array_agg(distinct day order by day) filter (where needed), '{}'),
        count(*) filter (where needed),
        count(*) filter (where guest and category = any(:counted)),
        count(*), count(*) filter (where category <> all(:not_valid)),
        count(*) filter (where category = any(:counted)),
        count(*) filter (where category = 'counted_witnessed'),
        count(*) filter (where category = 'counted_ticketed'),
        count(*) filter (where category = 'counted'),
        count(*) filter (where category = 'counted_by_admin'),
        count(*) filter (where category = 'withdrawn'),
        count(*) filter (where category = 'no_device'),
        count(*) filter (where category = 'source_not_counted'),
        count(*) filter (where category = 'unproven'),
        count(*) filter (where category = 'witness_late'),
        count(*) filter (where category = 'too_many_tests'),
        count(*) filter (where category = 'before_registration'),
        count(*) filter (where category = 'mock_position'),
        count(*) filter (where category = 'overlap'),
        count(*) filter (where category = 'impossible_travel'),
        count(*) filter (where category = 'repeat'),
        count(*) filter (where category = 'third_operator'),
        count(*) filter (where category = 'daily_cap'),
        count(*) filter (where category = 'commune_cap'),
        count(*) filter (where category = 'position_missing'),
        count(*) filter (where category = 'position_default'),
        count(*) filter (where category = 'position_coarse'),
        count(*) filter (where category = 'outside_communes'),
        count(*) filter (where category = 'excluded'),
        count(*) filter (where category = 'failed_test'),
        count(*) filter (where category = 'kind_unknown'),
        count(*) filter (where category = 'foreign_network'),
        count(*) filter (where category = 'implausible_value'),
        count(*) filter (where category = 'fix_stale'),
        count(*) filter (where category = 'in_future'),
        count(*) filter (where category = 'too_old'), count(*) filter (where category = 'over_cap'),
        count(*) filter (where category = 'excluded_in_campaign')
    from (
        select campaign_id, to_char(day, 'YYYY-MM') as month, team_id,
            coalesce(unit_id, 0) as unit_id, network, day, needed, guest, category
        from earnings
    ) earned join (
        select distinct campaign_id, month, team_id, unit_id, network
        from jsonb_populate_recordset(null::team_unit_months, cast(:wrong as jsonb))
    ) wrong using (campaign_id, month, team_id, unit_id, network)
    group by 1, 2, 3, 4, 5
""")
DELETE_DAYS = text("""
    delete from team_days s
    using jsonb_populate_recordset(null::team_days, cast(:wrong as jsonb)) wrong
    where s.campaign_id = wrong.campaign_id and s.team_id = wrong.team_id and s.day = wrong.day
        and s.network = wrong.network
""")
SUM_DAYS = text("""
    insert into team_days (
        campaign_id, team_id, day, network, needed, guests, received, valid, counted, witnessed,
        ticketed, claimed, imported, withdrawn, no_device, source_not_counted, unproven,
        witness_late, too_many_tests, before_registration, mock_position, overlap,
        impossible_travel, repeat, third_operator, daily_cap, commune_cap, position_missing,
        position_default, position_coarse, outside_communes, excluded, failed_test, kind_unknown,
        foreign_network, implausible_value, fix_stale, in_future, too_old, over_cap,
        excluded_in_campaign
    )
    select
        campaign_id, team_id, day, network, count(*) filter (where needed),
        count(*) filter (where guest and category = any(:counted)),
        count(*), count(*) filter (where category <> all(:not_valid)),
        count(*) filter (where category = any(:counted)),
        count(*) filter (where category = 'counted_witnessed'),
        count(*) filter (where category = 'counted_ticketed'),
        count(*) filter (where category = 'counted'),
        count(*) filter (where category = 'counted_by_admin'),
        count(*) filter (where category = 'withdrawn'),
        count(*) filter (where category = 'no_device'),
        count(*) filter (where category = 'source_not_counted'),
        count(*) filter (where category = 'unproven'),
        count(*) filter (where category = 'witness_late'),
        count(*) filter (where category = 'too_many_tests'),
        count(*) filter (where category = 'before_registration'),
        count(*) filter (where category = 'mock_position'),
        count(*) filter (where category = 'overlap'),
        count(*) filter (where category = 'impossible_travel'),
        count(*) filter (where category = 'repeat'),
        count(*) filter (where category = 'third_operator'),
        count(*) filter (where category = 'daily_cap'),
        count(*) filter (where category = 'commune_cap'),
        count(*) filter (where category = 'position_missing'),
        count(*) filter (where category = 'position_default'),
        count(*) filter (where category = 'position_coarse'),
        count(*) filter (where category = 'outside_communes'),
        count(*) filter (where category = 'excluded'),
        count(*) filter (where category = 'failed_test'),
        count(*) filter (where category = 'kind_unknown'),
        count(*) filter (where category = 'foreign_network'),
        count(*) filter (where category = 'implausible_value'),
        count(*) filter (where category = 'fix_stale'),
        count(*) filter (where category = 'in_future'),
        count(*) filter (where category = 'too_old'), count(*) filter (where category = 'over_cap'),
        count(*) filter (where category = 'excluded_in_campaign')
    from earnings join (
        select distinct campaign_id, team_id, day, network
        from jsonb_populate_recordset(null::team_days, cast(:wrong as jsonb))
    ) wrong using (campaign_id, team_id, day, network)
    group by 1, 2, 3, 4
""")
# Parameters of the statements that compare.
BY_CATEGORY = {"not_valid": sorted(NOT_VALID), "counted": sorted(COUNTED)}
COMPARED = {"columns": dump(TEAM_COLUMNS), **BY_CATEGORY}


class Sums(NamedTuple):
    """The statements that compare the sums of a table with the earnings, and make them again."""

    differences: TextClause
    delete: TextClause
    sum_again: TextClause


SUMS = {
    "member_months": Sums(DIFFERENCES_OF_MEMBERS, DELETE_MEMBERS, SUM_MEMBERS),
    "team_unit_months": Sums(DIFFERENCES_OF_UNITS, DELETE_UNITS, SUM_UNITS),
    "team_days": Sums(DIFFERENCES_OF_DAYS, DELETE_DAYS, SUM_DAYS),
}


class EarningRow(TypedDict):
    """A row of `earnings`, with what decides whether it is needed."""

    measurement_id: UUID
    campaign_id: int
    team_id: int
    volunteer_id: int | None
    membership_id: int | None
    correction_id: int | None
    guest: bool
    category: str
    unit_id: int | None
    day: date
    network: str
    needed: bool | None  # null: decided as it is stored
    rules: int
    later: int  # samples after it that begin to count in the same statement


# A change of a row of sums: its key, a number in each further column, and days where it has any.
SumKey = dict[str, str | int | date]
SumRow = dict[str, str | int | date | list[date]]


class SumDifference(TypedDict):
    """A stored sum that differs from the earnings."""

    table: str
    campaign_id: int
    team_id: int
    network: str
    month: NotRequired[str]  # the key of the table has this or the day, …
    day: NotRequired[date]
    volunteer_id: NotRequired[int]  # … and one of these or none
    unit_id: NotRequired[int]
    name: str  # of the column
    stored: int
    truth: int


class EarnedRows(NamedTuple):
    """Rows for `earnings` and changes of its sums, as the statements read them."""

    earnings: Sequence[EarningRow]
    members: Sequence[SumRow]
    units: Sequence[SumRow]
    days: Sequence[SumRow]

    def values(self) -> dict[str, str]:
        """Return the parameters of the statements."""
        return {
            "earned": dump(self.earnings),
            "members": dump(self.members),
            "units": dump(self.units),
            "team_days": dump(self.days),
        }


def counts(earned: Earned) -> bool:
    """Return whether an earning counts."""
    return earned.category in COUNTED


def rows_of(gone: Iterable[Earned], new: Sequence[Earned]) -> EarnedRows:
    """Return changed earnings as the rows of statements; `new` is in the order of arrival."""
    later: dict[tuple[int | None, str, int, int], set[UUID]] = {}  # by commune, network and month
    rows = []
    for earned in reversed(new):
        row = cast(EarningRow, earned._asdict() | {"rules": RULE, "later": 0})
        if not counts(earned):
            row["needed"] = False
        elif earned.needed is None:
            commune = earned.unit_id, earned.network, earned.day.year, earned.day.month
            after = later.setdefault(commune, set())
            row["later"] = len(after - {earned.measurement_id})
            after.add(earned.measurement_id)
        rows.append(row)
    members, units, days = _Sums(), _Sums(), _Sums()
    for n, changed in ((-1, gone), (1, new)):
        for earned in changed:
            of_team: SumKey = {
                "campaign_id": earned.campaign_id,
                "team_id": earned.team_id,
                "network": earned.network,
            }
            of_month = {**of_team, "month": f"{earned.day:%Y-%m}"}
            members.add({**of_month, "volunteer_id": earned.volunteer_id or 0}, earned, n)
            units.add({**of_month, "unit_id": earned.unit_id or 0}, earned, n)
            days.add({**of_team, "day": earned.day}, earned, n)
    return EarnedRows(
        rows,
        members.rows(with_days=True),
        units.rows(with_days=True),
        days.rows(with_days=False),
    )


class _Sums:
    """Changes of the rows of one table of sums, by key."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[tuple[str, str | int | date], ...], dict[str, int]] = {}
        self._days: dict[tuple[tuple[str, str | int | date], ...], set[date]] = {}

    def add(self, key: SumKey, earned: Earned, n: int) -> None:
        """Add an earning to its row (n = 1), or remove it from there (n = -1)."""
        at = tuple(key.items())
        numbers = self._numbers.setdefault(at, {**NOTHING})
        numbers[TEAM_COLUMNS[earned.category]] += n
        numbers["received"] += n
        numbers["valid"] += n if earned.category not in NOT_VALID else 0
        if counts(earned):
            numbers["counted"] += n
            numbers["guests"] += n if earned.guest else 0
        if n < 0 and earned.needed:  # the statement adds the new ones
            numbers["needed"] -= 1
        if n > 0:
            self._days.setdefault(at, set()).add(earned.day)

    def rows(self, *, with_days: bool) -> list[SumRow]:
        """Return the rows, with the days of added earnings where the table has them."""
        if not with_days:
            return [{**dict(at), **numbers} for at, numbers in self._numbers.items()]
        return [
            {**dict(at), **numbers, "days": sorted(self._days.get(at, ()))}
            for at, numbers in self._numbers.items()
        ]


def differences() -> list[SumDifference]:
    """Return the stored sums that differ from the earnings; archived months have sums alone."""
    return [
        cast(SumDifference, {"table": table, **row})
        for table, sums in SUMS.items()
        for row in db.session.execute(sums.differences, COMPARED).mappings()
    ]


def repair(differing: Sequence[SumDifference]) -> None:
    """Sum the earnings of the rows of `differences` again; commit."""
    for table, sums in SUMS.items():
        wrong = dump([row for row in differing if row["table"] == table])
        db.session.execute(sums.delete, {"wrong": wrong})
        db.session.execute(sums.sum_again, {"wrong": wrong, **BY_CATEGORY})
    db.session.commit()
