"""A campaign of 500 teams, filled by SQL: earnings, and every sum that folding keeps of them."""

import hashlib
import secrets

import psycopg

from backend.clock import month_end
from pages_parts.bare import bare

TEAMS, MEMBERS, COMMUNES_A_TEAM = 500, 10, 20
TARGET, MONTH = 300, "2024-11"

PEOPLE = """
insert into users (name) values ('bench@example.vn');
insert into organisations (name, sort_key, search_key, type)
    select 'Tổ chức ' || n, n::text, n::text, 'youth_union' from generate_series(1, 20) n;
insert into roles (user_id, role, scope_kind, scope_id, valid_from)
    values (1, 'organiser', 'organisation', 1, '2024-01-01');
insert into teams (organisation_id, name, name_key, sort_key, type)
    select n % 20 + 1, 'Đội ' || n, 'đội ' || n, 'đội ' || n, 'youth'
    from generate_series(1, {teams}) n;
insert into campaigns (organisation_id, name, first_day, last_day, networks, state)
    values (1, 'Đo', '{month}-01', '{month}-{days}', '{{mobile}}', 'open');
insert into volunteers (display_name)
    select case when n % 3 = 0 then 'Tình nguyện viên ' || n end
    from generate_series(1, {volunteers}) n;
insert into devices (id, token_hash, withdrawal_hash, registered_at, consent_version)
    select gen_random_uuid(), sha256(n::text::bytea), sha256(('w' || n)::bytea), '2024-10-01', '1'
    from generate_series(1, {volunteers}) n;
"""

# Every tenth measurement of a team is of each of its members; communes are shared by teams that
# lie side by side; 70 of 100 count.
MADE = """
create table made as
with communes as (
    select id, row_number() over (order by id) - 1 as nth
    from units where system = '{system}' and level = 'commune' limit 3321
), numbers as (
    select i, i %% {teams} as team, (i / {teams}) %% {members} as member,
        (random() * ({communes} - 0.001))::int as spot, (random() * {days} - 0.5)::int as day,
        random() as luck from generate_series(0, %(rows)s - 1) i
)
select i, team + 1 as team_id, (team * {members} + member + 1)::bigint as volunteer_id,
    case when luck < 0.95 then c.id end as unit_id,
    date '{month}-01' + least(greatest(day, 0), {days} - 1) as day,
    case when luck < 0.7 then 'counted' when luck < 0.9 then 'repeat'
         when luck < 0.95 then 'failed_test' else 'position_coarse' end as fate,
    i %% 20 = 0 as guest
from numbers join communes c on c.nth = (team * 7 + spot) %% 3321
"""

EARNINGS = """
insert into earnings (measurement_id, campaign_id, team_id, volunteer_id, rules, guest, fate,
    unit_id, day, network)
select gen_random_uuid(), 1, team_id, volunteer_id, 1, guest, fate, unit_id, day, 'mobile'
from made
"""

SUMS = """
insert into team_counts (campaign_id, month, grain, team_id, day, unit_id, volunteer_id, network,
    fate, guest, n)
select 1, '{month}',
    case when grouping(volunteer_id) = 0 then 'member' when grouping(unit_id) = 0 then 'unit'
         when grouping(day) = 0 then 'day' else 'team' end,
    team_id, day, unit_id, volunteer_id, 'mobile', fate, guest, count(*)
from made
group by team_id, fate, guest, grouping sets ((), (day), (day, unit_id), (volunteer_id));
insert into contribution_counts (campaign_id, month, grain, key, network, fate, guest, n)
select 1, '{month}', 'unit', coalesce(unit_id, 0), 'mobile', fate, guest, count(*)
from made group by 4, 6, 7
union all
select 1, '{month}', 'day', day - date '0001-01-01' + 1, 'mobile', fate, guest, count(*)
from made group by 4, 6, 7;
insert into contribution_days (campaign_id, month, grain, team_id, key, network, day, n)
select 1, '{month}', 'team', team_id, 0, 'mobile', day, count(*) from made group by 4, 7
union all
select 1, '{month}', 'member', team_id, volunteer_id, 'mobile', day, count(*)
from made group by 4, 5, 7
union all
select 1, '{month}', 'unit', 0, coalesce(unit_id, 0), 'mobile', day, count(*)
from made group by 5, 7
union all
select 1, '{month}', 'people', team_id, volunteer_id, 'mobile', date '{month}-01', count(*)
from made group by 4, 5
union all
select 1, '{month}', 'places', 0, coalesce(unit_id, 0), 'mobile', date '{month}-01', count(*)
from made group by 5;
insert into counts (month, unit_id, day, network, fate, n)
select '{month}', unit_id, day, 'mobile', fate, count(*)
from made group by fate, grouping sets ((unit_id), (unit_id, day))
on conflict (month, unit_id, day, network, fate) do update set n = counts.n + excluded.n
"""

# As `backend.coverage.contributions.needed` finds them: the first of each commune by time.
NEEDED = """
insert into needed_targets (month, network, threshold)
    values ('{month}', 'mobile', {target}), ('{month}', 'fixed', null);
insert into needed_shares (campaign_id, team_id, volunteer_id, unit_id, month, network, day, n,
    reached)
select 1, team_id, volunteer_id, unit_id, '{month}', 'mobile', day, count(*),
    bool_or(many >= {target})
from (select *, row_number() over (partition by unit_id order by day, i) as place,
             count(*) over (partition by unit_id) as many
      from made where fate = 'counted' and unit_id is not null) ranked
where place <= {target} group by team_id, volunteer_id, unit_id, day;
insert into needed_sums (campaign_id, month, grain, team_id, key, network, n, helped)
select 1, '{month}', 'team_unit', team_id, unit_id, 'mobile', sum(n), bool_or(reached)::int
from needed_shares group by 4, 5
union all
select 1, '{month}', 'team', team_id, 0, 'mobile', sum(n),
    count(distinct unit_id) filter (where reached)
from needed_shares group by 4
union all
select 1, '{month}', 'unit', 0, unit_id, 'mobile', sum(n), bool_or(reached)::int
from needed_shares group by 5
union all
select 1, '{month}', 'member', team_id, volunteer_id, 'mobile', sum(n),
    count(distinct unit_id) filter (where reached)
from needed_shares group by 4, 5
union all
select 1, '{month}', 'day', 0, day - date '0001-01-01' + 1, 'mobile', sum(n),
    count(distinct unit_id) filter (where reached)
from needed_shares group by 5
"""
LINKS = """
insert into device_links (device_id, volunteer_id, period)
select id, row_number() over (order by id), tstzrange('2024-10-01', null) from devices
where registered_at = '2024-10-01'
"""


def fill(owner_url: str, rows: int, month: str = MONTH, system: str = "2024") -> str:
    """Fill a database without campaigns; the token of the campaign's organiser."""
    token = "dsp_" + secrets.token_urlsafe(32)
    sizes = {
        "teams": TEAMS, "members": MEMBERS, "communes": COMMUNES_A_TEAM,
        "volunteers": TEAMS * MEMBERS, "target": TARGET,
        "month": month, "days": month_end(month).day, "system": system,
    }  # fmt: skip
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("set work_mem = '256MB'")
        connection.execute("select setseed(0.5)")
        connection.execute(PEOPLE.format(**sizes))
        connection.execute(
            "insert into personal_tokens (user_id, name, token_hash, scopes, created_at)"
            " values (1, 'bench', %s, '{read}', '2024-01-01')",
            [hashlib.sha256(token.encode()).digest()],
        )
        connection.execute(MADE.format(**sizes), {"rows": rows})
        with bare(connection, "earnings"):
            connection.execute(EARNINGS)
        for statement in (SUMS.format(**sizes), NEEDED.format(**sizes), LINKS, "drop table made"):
            connection.execute(statement)
        for table in ("earnings", "team_counts", "contribution_counts", "contribution_days",
                      "needed_shares", "needed_sums", "device_links", "counts"):  # fmt: skip
            connection.execute(f"vacuum analyze {table}")
    return token
