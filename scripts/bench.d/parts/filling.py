"""Databases filled by SQL: measurements of a year, their counts, a campaign of 500 teams."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg

from backend.clock import month_end
from backend.coverage.figures.public_counts import COPY


def connect(owner_url: str) -> psycopg.Connection:
    """Connect to a database that can be filled again: commits do not wait for the disk."""
    connection = psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True)
    connection.execute("set synchronous_commit = off")
    return connection


@contextmanager
def bare(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Take keys and indexes off a table, and put them back at the end."""
    constraints = connection.execute(
        "select conname, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = %s::regclass and contype in ('p', 'f') order by contype desc",
        [table],
    ).fetchall()
    for name, _ in constraints:
        connection.execute(f"alter table {table} drop constraint {name}")
    indexes = connection.execute(
        "select indexname, indexdef from pg_indexes where tablename = %s", [table]
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"drop index {name}")
    yield
    for name, definition in constraints:
        connection.execute(f"alter table {table} add constraint {name} {definition}")
    for _, definition in indexes:
        connection.execute(definition)


# July 2024 to June 2025: twelve months of one list of units.
FIRST = "2024-07-01"
# Samples of a device in these months, spread over them.
OF_A_DEVICE = 20
# A body as phones send it, which is stored and widens the rows.
BODY = {
    "id": "00000000-0000-4000-8000-000000000000",
    "measured_at": "2024-11-15T09:12:33+07:00",
    "status": "finished",
    "download_mbps": 48.2,
    "upload_mbps": 12.1,
    "ping_ms": 21.0,
    "jitter_ms": 3.2,
    "network": {"kind": "mobile", "technology": "4G", "mcc": "452", "mnc": "04"},
    "location": {"latitude": 21.5942, "longitude": 105.8482, "accuracy_m": 12.0},
    "app_version": "1.0.0",
}
MEASUREMENTS = """
insert into measurements (id, device_id, received_at, measured_at, day, network, kind, source,
    status, operator, technology, download_mbps, upload_mbps, ping_ms, jitter_ms, latitude,
    longitude, accuracy_m, unit_id, own_reasons, reasons, marks, valid, counted, rules, raw)
with communes as (
    select id, latitude, longitude, row_number() over (order by id) - 1 as nth
    from units where system = '{system}' and level = 'commune'
), numbers as (
    select i, floor(random() * (select count(*) from communes))::int as nth,
        random() as luck, random() as speed,
        timestamptz '{first}' + (i::float8 / %(rows)s) * interval '{months} months' as at
    from generate_series(0, %(rows)s - 1) i
)
select gen_random_uuid(), md5((i %% %(devices)s)::text)::uuid, at, at,
    (at at time zone 'Asia/Ho_Chi_Minh')::date, 'mobile', 'mobile', 'app', 'finished',
    (array['Viettel', 'VinaPhone', 'MobiFone', 'Vietnamobile'])[1 + (luck * 3.99)::int %% 4],
    (array['4G', '4G', '4G', '5G', '3G'])[1 + (speed * 4.99)::int %% 5],
    round((exp(3.5 + 1.6 * (speed - 0.5) + luck))::numeric, 2)::float8,
    round((exp(2.5 + 1.6 * (luck - 0.5) + speed))::numeric, 2)::float8,
    round((10 + 60 * luck)::numeric, 1)::float8, round((20 * speed)::numeric, 1)::float8,
    c.latitude + (luck - 0.5) / 20, c.longitude + (speed - 0.5) / 20, 12, c.id, '{{}}', '{{}}',
    '{{}}', true, true, 1, cast(%(raw)s as jsonb)
from numbers join communes c using (nth)
"""
# All samples count, by the phone's word alone.
COUNTS = """
insert into unit_months (month, network, unit_id, claimed)
select to_char(day, 'YYYY-MM'), network, unit_id, count(*) from measurements group by 1, 2, 3
"""
# What a morning in one province brings: new rows in its communes, and their changes of counts.
CHANGES = """
with communes as (
    select u.id, row_number() over (order by u.id) - 1 as nth
    from units u join units p on p.id = u.province_id
    where u.system = '{system}' and u.level = 'commune' and p.code = %(province)s
), chosen as (
    select c.id as unit_id, random() as luck
    from generate_series(1, %(rows)s) n
    join communes c on c.nth = n %% (select count(*) from communes)
), added as (
    insert into measurements (id, device_id, received_at, measured_at, day, network, kind, source,
        status, operator, technology, download_mbps, upload_mbps, ping_ms, jitter_ms, unit_id,
        own_reasons, reasons, marks, valid, counted, rules)
    select gen_random_uuid(), gen_random_uuid(), {at}, {at}, date '{day}', 'mobile', 'mobile',
        'app', 'finished', 'Viettel', '4G', luck * 100, luck * 30, 20, 3, unit_id, '{{}}', '{{}}',
        '{{}}', true, true, 1 from chosen returning unit_id, day
), summed as (select unit_id, day, count(*) as n from added group by 1, 2),
months as (
    insert into unit_months as old (month, network, unit_id, claimed)
    select to_char(day, 'YYYY-MM'), 'mobile', unit_id, n from summed
    on conflict (month, network, unit_id) do update set
        claimed = old.claimed + excluded.claimed, version = old.version + 1
)
insert into unit_days as old (month, network, unit_id, day, received, valid, counted)
select to_char(day, 'YYYY-MM'), 'mobile', unit_id, day, n, n, n from summed
on conflict (month, network, unit_id, day) do update set
    received = old.received + excluded.received, valid = old.valid + excluded.valid,
    counted = old.counted + excluded.counted
"""


def devices_of(rows: int) -> int:
    """How many devices measured so much."""
    return max(1, rows // OF_A_DEVICE)


def fill_measurements(
    owner_url: str, rows: int, first: str = FIRST, system: str = "2024", months: int = 12
) -> None:
    """Fill an empty database: a year from a day on, or so many months."""
    with connect(owner_url) as connection:
        connection.execute("set work_mem = '256MB'")
        connection.execute("set maintenance_work_mem = '1GB'")
        connection.execute("select setseed(0.5)")
        values = {"rows": rows, "devices": devices_of(rows), "raw": json.dumps(BODY)}
        with bare(connection, "measurements"):
            statement = MEASUREMENTS.format(first=first, system=system, months=months)
            connection.execute(statement, values)
        connection.execute(COUNTS)
        for table in ("measurements", "unit_months"):
            connection.execute(f"vacuum analyze {table}")


def add_measurements(
    owner_url: str, rows: int, province: str, day: str, system: str = "2024"
) -> None:
    """Add rows to the communes of a province, on a day."""
    with connect(owner_url) as connection:
        statement = CHANGES.format(system=system, day=day, at=f"timestamptz '{day} 09:00+07'")
        connection.execute(statement, {"rows": rows, "province": province})


TEAMS, MEMBERS, COMMUNES_A_TEAM = 500, 10, 20
THRESHOLD, MONTH = 300, "2024-11"

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
), drawn as (
    select i, team + 1 as team_id, (team * {members} + member + 1)::bigint as volunteer_id,
        case when luck < 0.95 then c.id end as unit_id,
        date '{month}-01' + least(greatest(day, 0), {days} - 1) as day,
        case when luck < 0.7 then 'counted' when luck < 0.9 then 'repeat'
             when luck < 0.95 then 'failed_test' else 'position_coarse' end as category,
        i %% 20 = 0 as guest
    from numbers join communes c on c.nth = (team * 7 + spot) %% 3321
)
select *, category = 'counted' and unit_id is not null
    and row_number() over (partition by unit_id, category order by day, i) <= {target} as needed
from drawn
"""

EARNINGS = """
insert into earnings (measurement_id, campaign_id, team_id, volunteer_id, rules, guest, category,
    unit_id, day, network, needed)
select gen_random_uuid(), 1, team_id, volunteer_id, 1, guest, category, unit_id, day, 'mobile',
    needed
from made
"""

TEAM_TABLES = (
    "earnings", "member_months", "team_unit_months", "team_days", "device_links", "unit_months",
    "unit_days",
)  # fmt: skip
SUMS = """
insert into member_months (campaign_id, month, team_id, volunteer_id, network, days, needed, guests,
    received, valid, counted, claimed, repeat, failed_test, position_coarse)
select 1, '{month}', team_id, volunteer_id, 'mobile', array_agg(distinct day order by day),
    count(*) filter (where needed), count(*) filter (where guest and category = 'counted'),
    count(*), count(*) filter (where category in ('counted', 'repeat')),
    count(*) filter (where category = 'counted'),
    count(*) filter (where category = 'counted'), count(*) filter (where category = 'repeat'),
    count(*) filter (where category = 'failed_test'),
    count(*) filter (where category = 'position_coarse')
from made group by team_id, volunteer_id;
insert into team_unit_months (campaign_id, month, team_id, unit_id, network, days, needed_days,
    needed, guests, received, valid, counted, claimed, repeat, failed_test, position_coarse)
select 1, '{month}', team_id, coalesce(unit_id, 0), 'mobile', array_agg(distinct day order by day),
    coalesce(array_agg(distinct day order by day) filter (where needed), '{{}}'),
    count(*) filter (where needed), count(*) filter (where guest and category = 'counted'),
    count(*), count(*) filter (where category in ('counted', 'repeat')),
    count(*) filter (where category = 'counted'),
    count(*) filter (where category = 'counted'), count(*) filter (where category = 'repeat'),
    count(*) filter (where category = 'failed_test'),
    count(*) filter (where category = 'position_coarse')
from made group by team_id, coalesce(unit_id, 0);
insert into team_days (campaign_id, team_id, day, network, needed, guests, received, valid,
    counted, claimed, repeat,
    failed_test, position_coarse)
select 1, team_id, day, 'mobile',
    count(*) filter (where needed), count(*) filter (where guest and category = 'counted'),
    count(*), count(*) filter (where category in ('counted', 'repeat')),
    count(*) filter (where category = 'counted'),
    count(*) filter (where category = 'counted'), count(*) filter (where category = 'repeat'),
    count(*) filter (where category = 'failed_test'),
    count(*) filter (where category = 'position_coarse')
from made group by team_id, day;
insert into unit_months as old (month, network, unit_id, claimed, repeat, failed_test,
    position_coarse)
select '{month}', 'mobile', coalesce(unit_id, 0),
    count(*) filter (where category = 'counted'), count(*) filter (where category = 'repeat'),
    count(*) filter (where category = 'failed_test'),
    count(*) filter (where category = 'position_coarse')
from made group by 3
on conflict (month, network, unit_id) do update set claimed = old.claimed + excluded.claimed,
    repeat = old.repeat + excluded.repeat, failed_test = old.failed_test + excluded.failed_test,
    position_coarse = old.position_coarse + excluded.position_coarse;
insert into unit_days as old (month, network, unit_id, day, received, valid, counted)
select '{month}', 'mobile', coalesce(unit_id, 0), day, count(*),
    count(*) filter (where category in ('counted', 'repeat')),
    count(*) filter (where category = 'counted')
from made group by 3, 4
on conflict (month, network, unit_id, day) do update set
    received = old.received + excluded.received, valid = old.valid + excluded.valid,
    counted = old.counted + excluded.counted
"""
LINKS = """
insert into device_links (device_id, volunteer_id, period)
select id, row_number() over (order by id), tstzrange('2024-10-01', null) from devices
where registered_at = '2024-10-01'
"""


def fill_campaign(owner_url: str, rows: int, month: str = MONTH, system: str = "2024") -> str:
    """Fill a database without campaigns; the token of the campaign's organiser."""
    token = "dsp_" + secrets.token_urlsafe(32)
    sizes = {
        "teams": TEAMS, "members": MEMBERS, "communes": COMMUNES_A_TEAM,
        "volunteers": TEAMS * MEMBERS, "target": THRESHOLD,
        "month": month, "days": month_end(month).day, "system": system,
    }  # fmt: skip
    with connect(owner_url) as connection:
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
        for statement in (SUMS.format(**sizes), LINKS, "drop table made"):
            connection.execute(statement)
        for table in TEAM_TABLES:
            connection.execute(f"vacuum analyze {table}")
    return token


SYSTEM, PROVINCE = "2025", "19"
# Of the number n: the token of the n-th phone.
TOKEN = "bench-{}"  # noqa: S105 # of a phone that exists in a bench alone

DEVICES = """
insert into devices (id, token_hash, withdrawal_hash, registered_at, token_used_at, consent_version)
select md5(n::text)::uuid, sha256(('bench-' || n)::bytea), sha256(('code-' || n)::bytea),
    '2024-07-01', '2024-07-01', '1' from generate_series(0, %s - 1) n
"""
RECEIPTS = """
insert into receipts (id, device_id, digest, received_at)
select id, device_id, sha256(id::text::bytea), received_at from measurements
"""
DAYS = """
insert into unit_days (month, network, unit_id, day, received, valid, counted)
select to_char(day, 'YYYY-MM'), network, unit_id, day, count(*), count(*), count(*)
from measurements group by 1, 2, 3, 4
"""
OFFICIAL = """
insert into users (name) values ('official@example.vn');
insert into roles (user_id, role, scope_kind, scope_id, valid_from)
select 2, 'official', 'unit', id, '2024-01-01' from units
where system = '{system}' and level = 'province' and code = '{province}'
"""


@dataclass(frozen=True)
class Filled:
    """Tokens and ids for requests to a filled database."""

    phones: int
    organiser: str  # their tokens
    official: str
    month: str  # of the campaign: the last one that is over


def fill_year(owner_url: str, rows: int, today: date) -> Filled:
    """Fill an empty database with a year up to today, and a campaign of the month before."""
    month = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    official, first = "dsp_" + secrets.token_urlsafe(32), today - timedelta(days=365)
    fill_measurements(owner_url, rows, first.isoformat(), SYSTEM)
    with connect(owner_url) as connection:
        connection.execute("set maintenance_work_mem = '1GB'")
        connection.execute(DAYS)
        with bare(connection, "receipts"):
            connection.execute(RECEIPTS)
    organiser = fill_campaign(owner_url, rows, month, SYSTEM)
    with connect(owner_url) as connection:
        connection.execute(DEVICES, [devices_of(rows)])
        connection.execute(OFFICIAL.format(system=SYSTEM, province=PROVINCE))
        connection.execute(
            "insert into personal_tokens (user_id, name, token_hash, scopes, created_at)"
            " values (2, 'bench', %s, '{read,write}', '2024-01-01')",
            [hashlib.sha256(official.encode()).digest()],
        )
        months = [month, f"{today:%Y-%m}"]
        now = datetime.now(UTC)
        values = {"all": True, "phones": 0, "now": now, "since": now, "months": months}
        connection.execute(COPY, values)
        for table in ("devices", "receipts", "public_months", "public_days"):
            connection.execute(f"vacuum analyze {table}")
    return Filled(devices_of(rows), organiser, official, month)
