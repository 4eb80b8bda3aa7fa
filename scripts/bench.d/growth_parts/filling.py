"""A year of measurements up to today, with all that belongs to them: filled by SQL."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg
from pages_parts.bare import bare
from pages_parts.filling import fill as fill_campaign
from speeds_parts.filling import devices_of
from speeds_parts.filling import fill as fill_measurements

SYSTEM, PROVINCE = "2025", "19"
# Of the number n: the token of the n-th phone.
TOKEN = "bench-{}"  # noqa: S105 # of a phone that exists in a bench alone

DEVICES = """
insert into devices (id, token_hash, withdrawal_hash, registered_at, token_used_at, consent_version)
select md5(n::text)::uuid, sha256(('bench-' || n)::bytea), sha256(('code-' || n)::bytea),
    '2024-07-01', '2024-07-01', '1' from generate_series(0, %s - 1) n
"""
RECEIPTS = """
insert into receipts (id, device_id, digest, received_at, month)
select id, device_id, sha256(id::text::bytea), received_at, to_char(day, 'YYYY-MM')
from measurements
"""
DAYS = """
insert into counts (month, unit_id, day, network, fate, n)
select to_char(day, 'YYYY-MM'), unit_id, day, network, 'counted', count(*)
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


def fill(owner_url: str, rows: int, today: date) -> Filled:
    """Fill an empty database with a year up to today, and a campaign of the month before."""
    month = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    official, first = "dsp_" + secrets.token_urlsafe(32), today - timedelta(days=365)
    fill_measurements(owner_url, rows, first.isoformat(), SYSTEM)
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("set maintenance_work_mem = '1GB'")
        connection.execute(DAYS)
        with bare(connection, "receipts"):
            connection.execute(RECEIPTS)
    organiser = fill_campaign(owner_url, rows, month, SYSTEM)
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(DEVICES, [devices_of(rows)])
        connection.execute(OFFICIAL.format(system=SYSTEM, province=PROVINCE))
        connection.execute(
            "insert into personal_tokens (user_id, name, token_hash, scopes, created_at)"
            " values (2, 'bench', %s, '{read,write}', '2024-01-01')",
            [hashlib.sha256(official.encode()).digest()],
        )
        for table in ("devices", "receipts", "counts", "count_changes"):
            connection.execute(f"vacuum analyze {table}")
    return Filled(devices_of(rows), organiser, official, month)
