"""Fill twelve months of counted measurements by SQL, in the order of days."""

import json

import psycopg
from pages_parts.bare import bare

# July 2024 to June 2025: twelve months of one list of units.
FIRST = "2024-07-01"
# Samples of a device in these months, spread over them.
OF_A_DEVICE = 20
# A body as phones send it, which is stored and widens the rows.
RAW = {
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
        timestamptz '{first}' + (i::float8 / %(rows)s) * interval '12 months' as at
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
COUNTS = """
insert into counts (month, unit_id, day, network, fate, n)
select to_char(day, 'YYYY-MM'), unit_id, null, network, 'counted', count(*)
from measurements group by 1, 2, 4
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
)
insert into count_deltas (unit_id, day, network, fate, n)
select unit_id, day, 'mobile', 'counted', count(*) from added group by 1, 2
"""


def devices_of(rows: int) -> int:
    """How many devices measured so much."""
    return max(1, rows // OF_A_DEVICE)


def fill(owner_url: str, rows: int, first: str = FIRST, system: str = "2024") -> None:
    """Fill an empty database: a year from a day on."""
    with _connected(owner_url) as connection:
        connection.execute("set work_mem = '256MB'")
        connection.execute("set maintenance_work_mem = '1GB'")
        connection.execute("select setseed(0.5)")
        values = {"rows": rows, "devices": devices_of(rows), "raw": json.dumps(RAW)}
        with bare(connection, "measurements"):
            connection.execute(MEASUREMENTS.format(first=first, system=system), values)
        connection.execute(COUNTS)
        for table in ("measurements", "counts"):
            connection.execute(f"vacuum analyze {table}")


def change(owner_url: str, rows: int, province: str, day: str, system: str = "2024") -> None:
    """Add rows to the communes of a province, on a day."""
    with _connected(owner_url) as connection:
        statement = CHANGES.format(system=system, day=day, at=f"timestamptz '{day} 09:00+07'")
        connection.execute(statement, {"rows": rows, "province": province})


def _connected(owner_url: str) -> psycopg.Connection:
    connection = psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True)
    connection.execute("set synchronous_commit = off")
    return connection
