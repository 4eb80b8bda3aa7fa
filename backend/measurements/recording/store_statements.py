"""The statement that stores a post, in two forms: with and without the part of a team.

One text for all would cost a plain post a fifth more: PostgreSQL starts each part of a statement,
also one that has nothing to do. A test holds the parts that both have equal.

Values are JSON: one round trip for one sample or for 500, and one prepared plan for both. Nothing
is stored unless `gate` returns a row: the device has the version that verdicts are based on, and no
digest is that of a withdrawn measurement. Lateral joins make the planner look each id up by the
index, also in a plan that was made while the table was small. Shared rows come last, months before
days before sums of teams, each in the order of their keys: posts and bulk acts never wait in a
circle. A receipt of the same id may make this transaction wait for another one.
"""

STORE = """
    with locked as (
        update devices
        set version = version + 1,
            window_start = cast(%(window_start)s as timestamptz),
            window_items = cast(%(window_items)s as int)
        where id = cast(%(device)s as uuid) and version = cast(%(version)s as int)
            and set_config('lock_timeout', cast(%(lock_wait)s as text), true) is not null
            and not exists (
                select from unnest(cast(%(digests)s as bytea[])) as sent (digest), lateral (
                    select from withdrawn_digests w where w.digest = sent.digest limit 1
                ) withdrawn
            )
        returning 1
    ), gate as (
        select 1 from locked
        union all
        select 1 where cast(%(device)s as uuid) is null -- imported rows of no device
    ), receipts_added as (
        insert into receipts
        select r.* from gate,
            jsonb_populate_recordset(null::receipts, cast(%(receipts)s as jsonb)) r
        returning 1
    ), measurements_added as (
        insert into measurements
        select m.* from gate,
            jsonb_populate_recordset(null::measurements, cast(%(rows)s as jsonb)) m
        returning 1
    ), months as (
        insert into unit_months as old (
            month, network, unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        )
        select
            month, network, unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        from gate, (select count(*) from receipts_added) receipts_first,
            (select count(*) from measurements_added) measurements_first,
            jsonb_populate_recordset(null::unit_months, cast(%(months)s as jsonb))
        order by month, network, unit_id
        on conflict (month, network, unit_id) do update set
            version = old.version + 1, witnessed = old.witnessed + excluded.witnessed,
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
            in_future = old.in_future + excluded.in_future, too_old = old.too_old + excluded.too_old
        returning month, network, unit_id, counted
    ), days as (
        insert into unit_days as old
        select added.* from gate, (select count(*) from months) months_first,
            jsonb_populate_recordset(null::unit_days, cast(%(days)s as jsonb)) added
        order by month, network, unit_id, day
        on conflict (month, network, unit_id, day) do update set
            received = old.received + excluded.received, valid = old.valid + excluded.valid,
            counted = old.counted + excluded.counted
        returning 1
    ), tickets_used as (
        update tickets
        set used_by = s.used_by, used_at = s.used_at, prefix = s.prefix, outside = s.outside
        from gate, jsonb_to_recordset(cast(%(tickets)s as jsonb))
            as s (id uuid, used_by uuid, used_at timestamptz, prefix bytea, outside boolean)
        where tickets.id = s.id
    ), host as (
        -- Of the next ticket: the one of the last test, then that of SPEED_URL, then the own one.
        select h.id, h.name, h.url, h.signs, h.revoked_at is not null as revoked,
            coalesce(s.failed_since < s.checked_at, false) as down,
            cast(%(now)s as timestamptz) + case when h.signs then cast(%(signing)s as interval)
                else cast(%(unsigned)s as interval) end as expires_at
        from measuring_hosts h left join host_states s on s.host_id = h.id
        where h.id in (cast(%(host)s as uuid), cast(%(own)s as uuid))
            or h.url = cast(%(url)s as text)
        order by h.revoked_at is not null or coalesce(s.failed_since < s.checked_at, false),
            h.id is distinct from cast(%(host)s as uuid),
            h.id is not distinct from cast(%(own)s as uuid)
        limit 1
    ), issued as (
        insert into tickets (id, device_id, number, host_id, profile, issued_at, expires_at)
        select cast(%(ticket)s as uuid), cast(%(device)s as uuid), newest.number, host.id,
            cast(%(profile)s as text), cast(%(now)s as timestamptz), host.expires_at
        from gate, host, (
            select coalesce(max(number), 0) + 1 as number,
                count(*) filter (where is_unused) as unused,
                count(*) filter (where issued_at >= cast(%(midnight)s as timestamptz)) as today
            from (
                select number, issued_at, used_at is null
                    and expires_at > cast(%(now)s as timestamptz)
                    and id <> all(cast(%(used)s as uuid[])) as is_unused
                from tickets where device_id = cast(%(device)s as uuid)
                order by number desc limit cast(%(max_number)s as int)
            ) of_device
        ) newest
        where cast(%(ticket)s as uuid) is not null and not host.revoked and not host.down
            and newest.unused < cast(%(max_unused)s as int)
            and newest.today < cast(%(per_day)s as int)
        on conflict do nothing
        returning expires_at
    )
    select (select count(*) from gate) as n, (
        select jsonb_build_object('host_id', host.id, 'name', host.name, 'url', host.url,
            'signs', host.signs, 'expires_at', issued.expires_at)
        from issued, host
    ) as issued
"""
# The same, and what the team of the device earns.
STORE_FOR_TEAM = """
    with locked as (
        update devices
        set version = version + 1,
            window_start = cast(%(window_start)s as timestamptz),
            window_items = cast(%(window_items)s as int)
        where id = cast(%(device)s as uuid) and version = cast(%(version)s as int)
            and set_config('lock_timeout', cast(%(lock_wait)s as text), true) is not null
            and not exists (
                select from unnest(cast(%(digests)s as bytea[])) as sent (digest), lateral (
                    select from withdrawn_digests w where w.digest = sent.digest limit 1
                ) withdrawn
            )
        returning 1
    ), gate as (
        select 1 from locked
        union all
        select 1 where cast(%(device)s as uuid) is null -- imported rows of no device
    ), receipts_added as (
        insert into receipts
        select r.* from gate,
            jsonb_populate_recordset(null::receipts, cast(%(receipts)s as jsonb)) r
        returning 1
    ), measurements_added as (
        insert into measurements
        select m.* from gate,
            jsonb_populate_recordset(null::measurements, cast(%(rows)s as jsonb)) m
        returning 1
    ), months as (
        insert into unit_months as old (
            month, network, unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        )
        select
            month, network, unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        from gate, (select count(*) from receipts_added) receipts_first,
            (select count(*) from measurements_added) measurements_first,
            jsonb_populate_recordset(null::unit_months, cast(%(months)s as jsonb))
        order by month, network, unit_id
        on conflict (month, network, unit_id) do update set
            version = old.version + 1, witnessed = old.witnessed + excluded.witnessed,
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
            in_future = old.in_future + excluded.in_future, too_old = old.too_old + excluded.too_old
        returning month, network, unit_id, counted
    ), days as (
        insert into unit_days as old
        select added.* from gate, (select count(*) from months) months_first,
            jsonb_populate_recordset(null::unit_days, cast(%(days)s as jsonb)) added
        order by month, network, unit_id, day
        on conflict (month, network, unit_id, day) do update set
            received = old.received + excluded.received, valid = old.valid + excluded.valid,
            counted = old.counted + excluded.counted
        returning 1
    ), tickets_used as (
        update tickets
        set used_by = s.used_by, used_at = s.used_at, prefix = s.prefix, outside = s.outside
        from gate, jsonb_to_recordset(cast(%(tickets)s as jsonb))
            as s (id uuid, used_by uuid, used_at timestamptz, prefix bytea, outside boolean)
        where tickets.id = s.id
    ), host as (
        -- Of the next ticket: the one of the last test, then that of SPEED_URL, then the own one.
        select h.id, h.name, h.url, h.signs, h.revoked_at is not null as revoked,
            coalesce(s.failed_since < s.checked_at, false) as down,
            cast(%(now)s as timestamptz) + case when h.signs then cast(%(signing)s as interval)
                else cast(%(unsigned)s as interval) end as expires_at
        from measuring_hosts h left join host_states s on s.host_id = h.id
        where h.id in (cast(%(host)s as uuid), cast(%(own)s as uuid))
            or h.url = cast(%(url)s as text)
        order by h.revoked_at is not null or coalesce(s.failed_since < s.checked_at, false),
            h.id is distinct from cast(%(host)s as uuid),
            h.id is not distinct from cast(%(own)s as uuid)
        limit 1
    ), issued as (
        insert into tickets (id, device_id, number, host_id, profile, issued_at, expires_at)
        select cast(%(ticket)s as uuid), cast(%(device)s as uuid), newest.number, host.id,
            cast(%(profile)s as text), cast(%(now)s as timestamptz), host.expires_at
        from gate, host, (
            select coalesce(max(number), 0) + 1 as number,
                count(*) filter (where is_unused) as unused,
                count(*) filter (where issued_at >= cast(%(midnight)s as timestamptz)) as today
            from (
                select number, issued_at, used_at is null
                    and expires_at > cast(%(now)s as timestamptz)
                    and id <> all(cast(%(used)s as uuid[])) as is_unused
                from tickets where device_id = cast(%(device)s as uuid)
                order by number desc limit cast(%(max_number)s as int)
            ) of_device
        ) newest
        where cast(%(ticket)s as uuid) is not null and not host.revoked and not host.down
            and newest.unused < cast(%(max_unused)s as int)
            and newest.today < cast(%(per_day)s as int)
        on conflict do nothing
        returning expires_at
    ), earned as (
        -- An earning that begins to count now has no `needed` yet: it is needed if the commune's
        -- counted samples, without the `later` ones of this statement, are at most its target.
        insert into earnings (
            measurement_id, campaign_id, team_id, volunteer_id, membership_id, correction_id, guest,
            category, unit_id, day, network, rules, needed
        )
        select e.measurement_id, e.campaign_id, e.team_id, e.volunteer_id, e.membership_id,
            e.correction_id, e.guest, e.category, e.unit_id, e.day, e.network, e.rules,
            coalesce(e.needed, commune.counted - e.later <= target.threshold, false)
        from gate, jsonb_to_recordset(cast(%(earned)s as jsonb)) as e (
            measurement_id uuid, campaign_id int, team_id int, volunteer_id bigint,
            membership_id bigint, correction_id bigint, guest boolean, category text, unit_id int,
            day date, network text, rules int, needed boolean, later int
        )
        left join months commune on commune.month = to_char(e.day, 'YYYY-MM')
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
        from gate, (select count(*) from days) days_first,
            jsonb_populate_recordset(null::member_months, cast(%(members)s as jsonb)) added
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
        from gate, (select count(*) from member_sums) members_first,
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
        from gate, (select count(*) from unit_sums) units_first,
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
    select (select count(*) from gate) as n, (
        select jsonb_build_object('host_id', host.id, 'name', host.name, 'url', host.url,
            'signs', host.signs, 'expires_at', issued.expires_at)
        from issued, host
    ) as issued
"""
