"""The statements of contributions: sums of what teams earned, by each key that pages ask for.

A row has the id of the team (0 where rows are not by team) and that of the subject as `team, key`.
Those of whole months read `member_months` and `team_unit_months`, those by day and of parts of
months `team_days`; of parts of months by member and by unit they read `earnings`.
"""

from sqlalchemy import text

# Rows are ordered by their keys and start after a key: keyset pagination. Days are counted apart
# from the sums, by hashing them.
OF_GROUPS = text("""
    with chosen as not materialized (
        select m.*, case when :by = 'team' then m.team_id else 0 end as team,
            case when :by = 'organisation' then t.organisation_id else 0 end as key
        from member_months m join teams t on t.id = m.team_id
        where m.campaign_id = :campaign and m.month = any(:months) and m.network = any(:networks)
            and (cast(:teams as int[]) is null or m.team_id = any(:teams))
    ), summed as (
        select
            team, key, sum(received)::int as received, sum(valid)::int as valid,
            sum(counted)::int as counted, sum(guests)::int as guests, sum(needed)::int as needed,
            sum(witnessed)::int as witnessed, sum(ticketed)::int as ticketed,
            sum(claimed)::int as claimed, sum(imported)::int as imported,
            sum(withdrawn)::int as withdrawn, sum(no_device)::int as no_device,
            sum(source_not_counted)::int as source_not_counted, sum(unproven)::int as unproven,
            sum(witness_late)::int as witness_late, sum(too_many_tests)::int as too_many_tests,
            sum(before_registration)::int as before_registration,
            sum(mock_position)::int as mock_position, sum(overlap)::int as overlap,
            sum(impossible_travel)::int as impossible_travel, sum(repeat)::int as repeat,
            sum(third_operator)::int as third_operator, sum(daily_cap)::int as daily_cap,
            sum(commune_cap)::int as commune_cap, sum(position_missing)::int as position_missing,
            sum(position_default)::int as position_default,
            sum(position_coarse)::int as position_coarse,
            sum(outside_communes)::int as outside_communes, sum(excluded)::int as excluded,
            sum(failed_test)::int as failed_test, sum(kind_unknown)::int as kind_unknown,
            sum(foreign_network)::int as foreign_network,
            sum(implausible_value)::int as implausible_value, sum(fix_stale)::int as fix_stale,
            sum(in_future)::int as in_future, sum(too_old)::int as too_old,
            sum(over_cap)::int as over_cap, sum(excluded_in_campaign)::int as excluded_in_campaign
        from chosen where (team, key) > (:after_team, :after_key)
        group by team, key having sum(received) <> 0 order by team, key limit :most
    ), active as (
        select team, key, count(*)::int as active_days, max(day) as last_day
        from (
            select distinct case when :by = 'team' then d.team_id else 0 end as team,
                case when :by = 'organisation' then t.organisation_id else 0 end as key, d.day
            from team_days d join teams t on t.id = d.team_id
            where d.campaign_id = :campaign and d.network = any(:networks) and d.received > 0
                and d.day between :first and :last
                and (cast(:teams as int[]) is null or d.team_id = any(:teams))
        ) days group by team, key
    )
    select * from summed left join active using (team, key) order by team, key
""")
OF_SPANS = text("""
    with chosen as not materialized (
        select d.*, case when :by = 'team' then d.team_id else 0 end as team,
            case when :by = 'organisation' then t.organisation_id else 0 end as key
        from team_days d join teams t on t.id = d.team_id
        where d.campaign_id = :campaign and d.network = any(:networks)
            and d.day between :first and :last
            and (cast(:teams as int[]) is null or d.team_id = any(:teams))
    ), summed as (
        select
            team, key, sum(received)::int as received, sum(valid)::int as valid,
            sum(counted)::int as counted, sum(guests)::int as guests, sum(needed)::int as needed,
            sum(witnessed)::int as witnessed, sum(ticketed)::int as ticketed,
            sum(claimed)::int as claimed, sum(imported)::int as imported,
            sum(withdrawn)::int as withdrawn, sum(no_device)::int as no_device,
            sum(source_not_counted)::int as source_not_counted, sum(unproven)::int as unproven,
            sum(witness_late)::int as witness_late, sum(too_many_tests)::int as too_many_tests,
            sum(before_registration)::int as before_registration,
            sum(mock_position)::int as mock_position, sum(overlap)::int as overlap,
            sum(impossible_travel)::int as impossible_travel, sum(repeat)::int as repeat,
            sum(third_operator)::int as third_operator, sum(daily_cap)::int as daily_cap,
            sum(commune_cap)::int as commune_cap, sum(position_missing)::int as position_missing,
            sum(position_default)::int as position_default,
            sum(position_coarse)::int as position_coarse,
            sum(outside_communes)::int as outside_communes, sum(excluded)::int as excluded,
            sum(failed_test)::int as failed_test, sum(kind_unknown)::int as kind_unknown,
            sum(foreign_network)::int as foreign_network,
            sum(implausible_value)::int as implausible_value, sum(fix_stale)::int as fix_stale,
            sum(in_future)::int as in_future, sum(too_old)::int as too_old,
            sum(over_cap)::int as over_cap, sum(excluded_in_campaign)::int as excluded_in_campaign
        from chosen where (team, key) > (:after_team, :after_key)
        group by team, key having sum(received) <> 0 order by team, key limit :most
    ), active as (
        select team, key, count(*)::int as active_days, max(day) as last_day
        from (select distinct team, key, day from chosen where received > 0) days
        group by team, key
    )
    select * from summed left join active using (team, key) order by team, key
""")
# The subject of a day is its ordinal, as in Python.
OF_DAYS = text("""
    select
        0 as team, day - date '0001-01-01' + 1 as key, 1 as active_days, day as last_day,
        sum(received)::int as received, sum(valid)::int as valid, sum(counted)::int as counted,
        sum(guests)::int as guests, sum(needed)::int as needed, sum(witnessed)::int as witnessed,
        sum(ticketed)::int as ticketed, sum(claimed)::int as claimed,
        sum(imported)::int as imported, sum(withdrawn)::int as withdrawn,
        sum(no_device)::int as no_device, sum(source_not_counted)::int as source_not_counted,
        sum(unproven)::int as unproven, sum(witness_late)::int as witness_late,
        sum(too_many_tests)::int as too_many_tests,
        sum(before_registration)::int as before_registration,
        sum(mock_position)::int as mock_position, sum(overlap)::int as overlap,
        sum(impossible_travel)::int as impossible_travel, sum(repeat)::int as repeat,
        sum(third_operator)::int as third_operator, sum(daily_cap)::int as daily_cap,
        sum(commune_cap)::int as commune_cap, sum(position_missing)::int as position_missing,
        sum(position_default)::int as position_default,
        sum(position_coarse)::int as position_coarse,
        sum(outside_communes)::int as outside_communes, sum(excluded)::int as excluded,
        sum(failed_test)::int as failed_test, sum(kind_unknown)::int as kind_unknown,
        sum(foreign_network)::int as foreign_network,
        sum(implausible_value)::int as implausible_value, sum(fix_stale)::int as fix_stale,
        sum(in_future)::int as in_future, sum(too_old)::int as too_old,
        sum(over_cap)::int as over_cap, sum(excluded_in_campaign)::int as excluded_in_campaign
    from team_days
    where campaign_id = :campaign and network = any(:networks) and day between :first and :last
        and (cast(:teams as int[]) is null or team_id = any(:teams))
        and (0, day - date '0001-01-01' + 1) > (:after_team, :after_key)
    group by day having sum(received) <> 0 order by day limit :most
""")
OF_MEMBERS = text("""
    with chosen as not materialized (
        select *, team_id as team, volunteer_id as key from member_months
        where campaign_id = :campaign and month = any(:months) and network = any(:networks)
            and (cast(:teams as int[]) is null or team_id = any(:teams))
            and (team_id, volunteer_id) > (:after_team, :after_key)
    ), summed as (
        select
            team, key, sum(received)::int as received, sum(valid)::int as valid,
            sum(counted)::int as counted, sum(guests)::int as guests, sum(needed)::int as needed,
            sum(witnessed)::int as witnessed, sum(ticketed)::int as ticketed,
            sum(claimed)::int as claimed, sum(imported)::int as imported,
            sum(withdrawn)::int as withdrawn, sum(no_device)::int as no_device,
            sum(source_not_counted)::int as source_not_counted, sum(unproven)::int as unproven,
            sum(witness_late)::int as witness_late, sum(too_many_tests)::int as too_many_tests,
            sum(before_registration)::int as before_registration,
            sum(mock_position)::int as mock_position, sum(overlap)::int as overlap,
            sum(impossible_travel)::int as impossible_travel, sum(repeat)::int as repeat,
            sum(third_operator)::int as third_operator, sum(daily_cap)::int as daily_cap,
            sum(commune_cap)::int as commune_cap, sum(position_missing)::int as position_missing,
            sum(position_default)::int as position_default,
            sum(position_coarse)::int as position_coarse,
            sum(outside_communes)::int as outside_communes, sum(excluded)::int as excluded,
            sum(failed_test)::int as failed_test, sum(kind_unknown)::int as kind_unknown,
            sum(foreign_network)::int as foreign_network,
            sum(implausible_value)::int as implausible_value, sum(fix_stale)::int as fix_stale,
            sum(in_future)::int as in_future, sum(too_old)::int as too_old,
            sum(over_cap)::int as over_cap, sum(excluded_in_campaign)::int as excluded_in_campaign
        from chosen group by team, key having sum(received) <> 0 order by team, key limit :most
    ), active as (
        select team, key, count(*)::int as active_days, max(day) as last_day
        from (
            select distinct team, key, day
            from chosen join summed using (team, key), unnest(days) day
        ) days group by team, key
    )
    select * from summed left join active using (team, key) order by team, key
""")
OF_UNITS = text("""
    with chosen as not materialized (
        select *, 0 as team, unit_id as key from team_unit_months
        where campaign_id = :campaign and month = any(:months) and network = any(:networks)
            and (cast(:teams as int[]) is null or team_id = any(:teams))
            and (0, unit_id) > (:after_team, :after_key)
    ), summed as (
        select
            team, key, sum(received)::int as received, sum(valid)::int as valid,
            sum(counted)::int as counted, sum(guests)::int as guests, sum(needed)::int as needed,
            sum(witnessed)::int as witnessed, sum(ticketed)::int as ticketed,
            sum(claimed)::int as claimed, sum(imported)::int as imported,
            sum(withdrawn)::int as withdrawn, sum(no_device)::int as no_device,
            sum(source_not_counted)::int as source_not_counted, sum(unproven)::int as unproven,
            sum(witness_late)::int as witness_late, sum(too_many_tests)::int as too_many_tests,
            sum(before_registration)::int as before_registration,
            sum(mock_position)::int as mock_position, sum(overlap)::int as overlap,
            sum(impossible_travel)::int as impossible_travel, sum(repeat)::int as repeat,
            sum(third_operator)::int as third_operator, sum(daily_cap)::int as daily_cap,
            sum(commune_cap)::int as commune_cap, sum(position_missing)::int as position_missing,
            sum(position_default)::int as position_default,
            sum(position_coarse)::int as position_coarse,
            sum(outside_communes)::int as outside_communes, sum(excluded)::int as excluded,
            sum(failed_test)::int as failed_test, sum(kind_unknown)::int as kind_unknown,
            sum(foreign_network)::int as foreign_network,
            sum(implausible_value)::int as implausible_value, sum(fix_stale)::int as fix_stale,
            sum(in_future)::int as in_future, sum(too_old)::int as too_old,
            sum(over_cap)::int as over_cap, sum(excluded_in_campaign)::int as excluded_in_campaign
        from chosen group by team, key having sum(received) <> 0 order by team, key limit :most
    ), active as (
        select key, count(*)::int as active_days, max(day) as last_day
        from (
            select distinct key, day from chosen join summed using (key), unnest(days) day
        ) days group by key
    )
    select * from summed left join active using (key) order by team, key
""")
# By category and day first, which is faster.
OF_EARNINGS = text("""
    with grouped as (
        select case when :by = 'member' then team_id else 0 end as team,
            case when :by = 'member' then coalesce(volunteer_id, 0) else coalesce(unit_id, 0) end
                as key,
            day, category, guest, count(*) as n, count(*) filter (where needed) as needed
        from earnings
        where campaign_id = :campaign and network = any(:networks)
            and day between :first and :last
            and (cast(:teams as int[]) is null or team_id = any(:teams))
        group by 1, 2, 3, 4, 5
    )
    select
        team, key, count(distinct day)::int as active_days, max(day) as last_day,
        sum(n)::int as received,
        coalesce(sum(n) filter (where category <> all(:not_valid)), 0)::int as valid,
        coalesce(sum(n) filter (where category = any(:counted)), 0)::int as counted,
        coalesce(sum(n) filter (where category = any(:counted) and guest), 0)::int as guests,
        sum(needed)::int as needed,
        coalesce(sum(n) filter (where category = 'counted_witnessed'), 0)::int as witnessed,
        coalesce(sum(n) filter (where category = 'counted_ticketed'), 0)::int as ticketed,
        coalesce(sum(n) filter (where category = 'counted'), 0)::int as claimed,
        coalesce(sum(n) filter (where category = 'counted_by_admin'), 0)::int as imported,
        coalesce(sum(n) filter (where category = 'withdrawn'), 0)::int as withdrawn,
        coalesce(sum(n) filter (where category = 'no_device'), 0)::int as no_device,
        coalesce(sum(n) filter (where category = 'source_not_counted'), 0)::int
            as source_not_counted,
        coalesce(sum(n) filter (where category = 'unproven'), 0)::int as unproven,
        coalesce(sum(n) filter (where category = 'witness_late'), 0)::int as witness_late,
        coalesce(sum(n) filter (where category = 'too_many_tests'), 0)::int as too_many_tests,
        coalesce(sum(n) filter (where category = 'before_registration'), 0)::int
            as before_registration,
        coalesce(sum(n) filter (where category = 'mock_position'), 0)::int as mock_position,
        coalesce(sum(n) filter (where category = 'overlap'), 0)::int as overlap,
        coalesce(sum(n) filter (where category = 'impossible_travel'), 0)::int
            as impossible_travel,
        coalesce(sum(n) filter (where category = 'repeat'), 0)::int as repeat,
        coalesce(sum(n) filter (where category = 'third_operator'), 0)::int as third_operator,
        coalesce(sum(n) filter (where category = 'daily_cap'), 0)::int as daily_cap,
        coalesce(sum(n) filter (where category = 'commune_cap'), 0)::int as commune_cap,
        coalesce(sum(n) filter (where category = 'position_missing'), 0)::int as position_missing,
        coalesce(sum(n) filter (where category = 'position_default'), 0)::int as position_default,
        coalesce(sum(n) filter (where category = 'position_coarse'), 0)::int as position_coarse,
        coalesce(sum(n) filter (where category = 'outside_communes'), 0)::int as outside_communes,
        coalesce(sum(n) filter (where category = 'excluded'), 0)::int as excluded,
        coalesce(sum(n) filter (where category = 'failed_test'), 0)::int as failed_test,
        coalesce(sum(n) filter (where category = 'kind_unknown'), 0)::int as kind_unknown,
        coalesce(sum(n) filter (where category = 'foreign_network'), 0)::int as foreign_network,
        coalesce(sum(n) filter (where category = 'implausible_value'), 0)::int
            as implausible_value,
        coalesce(sum(n) filter (where category = 'fix_stale'), 0)::int as fix_stale,
        coalesce(sum(n) filter (where category = 'in_future'), 0)::int as in_future,
        coalesce(sum(n) filter (where category = 'too_old'), 0)::int as too_old,
        coalesce(sum(n) filter (where category = 'over_cap'), 0)::int as over_cap,
        coalesce(sum(n) filter (where category = 'excluded_in_campaign'), 0)::int
            as excluded_in_campaign
    from grouped where (team, key) > (:after_team, :after_key)
    group by team, key order by team, key limit :most
""")
# What rows by unit lack: samples since the full hour in communes where too few phones of the team
# were since then, and the days on which a unit then has nothing else. Samples of earlier days that
# arrive late follow nobody.
LONE_SINCE = text("""
    with since as (
        select e.team_id, e.unit_id, e.network, e.day, e.category, e.guest, e.needed, m.device_id
        from earnings e join measurements m on m.id = e.measurement_id and m.day = e.day
        where e.campaign_id = :campaign and e.day >= :recent and e.unit_id is not null
            and m.received_at >= :hour
    ), lone as (
        select team_id, unit_id, network from since
        group by 1, 2, 3 having count(distinct device_id) < :phones
    ), left_out as (
        select s.* from since s join lone using (team_id, unit_id, network)
        where s.network = any(:networks) and s.day between :first and :last
            and (cast(:teams as int[]) is null or s.team_id = any(:teams))
    ), emptied as (
        select unit_id, day from left_out s
        group by 1, 2 having count(*) = (
            select count(*) from earnings e
            where e.campaign_id = :campaign and e.unit_id = s.unit_id and e.day = s.day
                and e.network = any(:networks)
                and (cast(:teams as int[]) is null or e.team_id = any(:teams))
        )
    ), days as (
        select e.unit_id, count(distinct e.day)::int as days, (
            select max(day) from team_unit_months t, unnest(t.days) day
            where t.campaign_id = :campaign and t.unit_id = e.unit_id and t.month = any(:months)
                and t.network = any(:networks) and day between :first and :last
                and (cast(:teams as int[]) is null or t.team_id = any(:teams))
                and day <> all(array_agg(e.day))
        ) as last_day
        from emptied e group by 1
    )
    select s.unit_id as unit, s.category, s.guest, s.needed, count(*)::int as n,
        d.days, d.last_day
    from left_out s left join days d using (unit_id) group by 1, 2, 3, 4, d.days, d.last_day
""")
HAS_TARGET = text("""
    select exists (
        select from targets, unnest(cast(:month_ends as date[])) as month_end
        where unit_id is null and level = 'commune' and purpose = 'target'
            and network = any(:networks) and valid_from <= month_end
            and (valid_to is null or valid_to >= month_end)
    )
""")
# Communes that reached the target in force at the end of the month with needed samples of a row …
HELPED = text("""
    with ends as (
        select * from unnest(cast(:months as text[]), cast(:month_ends as date[])) as e (month, day)
    ), goals as (
        select ends.month, network, unit_id, threshold as samples
        from ends join targets on level = 'commune' and purpose = 'target'
            and network = any(:networks) and valid_from <= ends.day
            and (valid_to is null or valid_to >= ends.day)
    ), reached as (
        select m.month, m.network, m.unit_id
        from unit_months m
        left join goals g on (g.month, g.network) = (m.month, m.network) and g.unit_id is null
        left join goals own on (own.month, own.network, own.unit_id)
            = (m.month, m.network, m.unit_id)
        where m.month = any(:months) and m.network = any(:networks)
            and m.counted >= case when own.month is null then g.samples else own.samples end
    ), communes as (
        select distinct case when :by = 'team' then c.team_id else 0 end as team,
            case :by when 'unit' then c.unit_id when 'organisation' then t.organisation_id else 0
                end as key,
            c.unit_id, c.month, c.network
        from team_unit_months c join reached using (month, network, unit_id)
        join teams t on t.id = c.team_id
        where c.campaign_id = :campaign and c.month = any(:months) and c.network = any(:networks)
            and (cast(:teams as int[]) is null or c.team_id = any(:teams))
            and c.needed_days <> '{}' and (:whole or exists (
                select from unnest(c.needed_days) day where day between :first and :last
            ))
    )
    select team, key, count(*)::int as helped from communes group by 1, 2
""")
# … by the days of these samples …
HELPED_BY_DAY = text("""
    with ends as (
        select * from unnest(cast(:months as text[]), cast(:month_ends as date[])) as e (month, day)
    ), goals as (
        select ends.month, network, unit_id, threshold as samples
        from ends join targets on level = 'commune' and purpose = 'target'
            and network = any(:networks) and valid_from <= ends.day
            and (valid_to is null or valid_to >= ends.day)
    ), reached as (
        select m.month, m.network, m.unit_id
        from unit_months m
        left join goals g on (g.month, g.network) = (m.month, m.network) and g.unit_id is null
        left join goals own on (own.month, own.network, own.unit_id)
            = (m.month, m.network, m.unit_id)
        where m.month = any(:months) and m.network = any(:networks)
            and m.counted >= case when own.month is null then g.samples else own.samples end
    ), communes as (
        select distinct day, c.unit_id, c.month, c.network
        from team_unit_months c join reached using (month, network, unit_id),
            unnest(c.needed_days) day
        where c.campaign_id = :campaign and c.month = any(:months) and c.network = any(:networks)
            and (cast(:teams as int[]) is null or c.team_id = any(:teams))
            and day between :first and :last
    )
    select 0 as team, day - date '0001-01-01' + 1 as key, count(*)::int as helped
    from communes group by day
""")
# … and by member, of the needed earnings.
HELPED_BY_MEMBER = text("""
    with ends as (
        select * from unnest(cast(:months as text[]), cast(:month_ends as date[])) as e (month, day)
    ), goals as (
        select ends.month, network, unit_id, threshold as samples
        from ends join targets on level = 'commune' and purpose = 'target'
            and network = any(:networks) and valid_from <= ends.day
            and (valid_to is null or valid_to >= ends.day)
    ), reached as (
        select m.month, m.network, m.unit_id
        from unit_months m
        left join goals g on (g.month, g.network) = (m.month, m.network) and g.unit_id is null
        left join goals own on (own.month, own.network, own.unit_id)
            = (m.month, m.network, m.unit_id)
        where m.month = any(:months) and m.network = any(:networks)
            and m.counted >= case when own.month is null then g.samples else own.samples end
    ), communes as (
        select distinct c.team_id as team, coalesce(c.volunteer_id, 0)::bigint as key, c.unit_id,
            c.network, c.day - extract(day from c.day)::int as day_before
        from earnings c
        where c.campaign_id = :campaign and c.network = any(:networks) and c.needed
            and (cast(:teams as int[]) is null or c.team_id = any(:teams))
            and c.day between :first and :last and c.team_id between :first_team and :last_team
    )
    select c.team, c.key, count(*)::int as helped
    from communes c join reached r on r.network = c.network and r.unit_id = c.unit_id
        and r.month = to_char(c.day_before + 1, 'YYYY-MM')
    group by 1, 2
""")
DEVICES = text("""
    select case when :by in ('team', 'member') then c.team_id else 0 end as team,
        case :by when 'member' then c.volunteer_id when 'organisation' then t.organisation_id
            else 0 end as key,
        count(distinct l.device_id)::int as devices
    from member_months c join teams t on t.id = c.team_id
    join device_links l on l.volunteer_id = c.volunteer_id
        and l.period && tstzrange(:begins, :ends)
    where c.campaign_id = :campaign and c.month = any(:months) and c.network = any(:networks)
        and (cast(:teams as int[]) is null or c.team_id = any(:teams))
        and c.days <> '{}' and (:whole or exists (
            select from unnest(c.days) day where day between :first and :last
        ))
    group by 1, 2
""")
# Counted samples beside which the phone ran i-Speed too: of pairs, which are found each hour.
WITH_ISPEED = text("""
    select case when :by in ('team', 'member') then e.team_id else 0 end as team,
        case :by when 'member' then coalesce(e.volunteer_id, 0)
            when 'unit' then coalesce(e.unit_id, 0)
            when 'organisation' then t.organisation_id
            when 'day' then e.day - date '0001-01-01' + 1 else 0 end as key,
        count(*)::int as samples
    from speed_pairs p join earnings e on e.measurement_id = p.own_id
    join teams t on t.id = e.team_id
    where e.campaign_id = :campaign and e.network = any(:networks)
        and e.day between :first and :last
        and (cast(:before as date) is null or e.day < :before)
        and (cast(:teams as int[]) is null or e.team_id = any(:teams))
        and e.category = any(:counted)
    group by 1, 2
""")
# Residents helped: guests with a counted sample in one of the months, each once, and the number of
# those who withdrew since.
RESIDENTS = text("""
    with helped as (
        select team_id, volunteer_id, 0 as people from member_months
        where campaign_id = :campaign and month = any(:months) and guests > 0 and volunteer_id <> 0
        union all
        select team_id, null, people from withdrawn_residents
        where campaign_id = :campaign and month = any(:months)
    )
    select case when :by = 'team' then h.team_id else 0 end as team,
        case when :by = 'organisation' then t.organisation_id else 0 end as key,
        (count(distinct volunteer_id) + sum(people))::int as residents
    from helped h join teams t on t.id = h.team_id
    where cast(:teams as int[]) is null or h.team_id = any(:teams)
    group by 1, 2
""")
# … by the commune where they measured, of months with rows.
RESIDENTS_OF_UNITS = text("""
    select unit_id, count(distinct volunteer_id)::int as residents
    from earnings
    where unit_id = any(:units) and day between :first and :last
        and (cast(:campaign as int) is null or campaign_id = :campaign)
        and network = any(:networks) and guest and category = any(:counted)
    group by unit_id
""")
RESIDENTS_IN = text("""
    select count(distinct volunteer_id)::int from earnings
    where unit_id = any(array(
            select id from units
            where level = 'commune' and (id = :unit or parent_id = :unit or province_id = :unit)
        )) and day between :first and :last and guest and category = any(:counted)
""")
