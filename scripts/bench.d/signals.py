"""Measure the search for signals of gaming in a commune, a campaign and a province."""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
from parts.filling import connect, installed

from backend.accounts.access import Actor, Grant
from backend.coverage.signals.scans import Search, refresh
from backend.coverage.signals.service import (
    SignalContext,
    campaign_signals,
    unit_registrations,
    unit_signals,
)
from backend.database.extensions import db

NOW = datetime(2024, 11, 29, 5, tzinfo=UTC)
ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))
PROVINCE = "19"
# Rows in the province's month, all earned in campaign 1, the first tenth in campaign 2.
HERE, ROUNDS = 95_000, 5

# A phone measures some twenty times a month, each time at another minute and spot of its commune.
FILL = """
insert into organisations (name, sort_key, search_key, type) values ('Đoàn', 'a', 'a', 'other');
insert into teams (organisation_id, name, name_key, sort_key, type)
    values (1, 'Đội', 'đội', 'đội', 'youth');
insert into campaigns (organisation_id, name, first_day, last_day, networks, state)
    select 1, 'Đo ' || n, '2024-11-01', '2024-11-30', '{mobile}', 'open'
    from generate_series(1, 2) n;
insert into devices (id, token_hash, withdrawal_hash, registered_at, consent_version)
    select md5(n::text)::uuid, sha256(n::text::bytea), sha256(('w' || n)::bytea),
        timestamptz '2024-10-15' + random() * interval '40 days', '1'
    from generate_series(1, %(devices)s) n;
create table made as
with communes as (
    select id, latitude, longitude, row_number() over (order by province_id <> (
        select id from units where system = '2024' and level = 'province' and code = '19'), id)
        - 1 as nth
    from units where system = '2024' and level = 'commune' and latitude is not null
)
select i, gen_random_uuid() as id, c.id as unit_id, c.latitude, c.longitude,
    md5((1 + i / 20)::text)::uuid as device_id,
    timestamptz '2024-11-01' + case when i < %(here)s then interval '0' else interval '31 days' end
        + ((random() * 29)::int + 0.3 + random() * 0.5) * interval '1 day' as at
from generate_series(0, %(rows)s - 1) i join communes c on c.nth = (i / 20) %% case
    when i < %(here)s then 170 else 10000 end;
insert into measurements (id, device_id, received_at, measured_at, day, network, kind, source,
    status, operator, download_mbps, upload_mbps, ping_ms, latitude, longitude, accuracy_m,
    unit_id, own_reasons, reasons, marks, valid, counted, rules)
select id, device_id, at, at, (at at time zone 'Asia/Ho_Chi_Minh')::date, 'mobile', 'mobile',
    'app', 'finished', 'Viettel', round((random() * 100)::numeric, 2),
    round((random() * 40)::numeric, 2), round((random() * 60 + 9)::numeric, 1),
    latitude + random() / 50, longitude + random() / 50, 12, unit_id, '{}', '{}', '{}', true,
    true, 1 from made;
insert into earnings (measurement_id, campaign_id, team_id, rules, guest, fate, unit_id, day,
    network)
select made.id, n, 1, 1, false, 'counted', unit_id, (at at time zone 'Asia/Ho_Chi_Minh')::date,
    'mobile' from made cross join generate_series(1, 2) n
where i < case n when 1 then %(here)s else %(here)s / 10 end;
insert into counts (month, unit_id, network, fate, n)
select to_char(day, 'YYYY-MM'), unit_id, 'mobile', 'counted', count(*)
from measurements group by 1, 2;
insert into team_counts (campaign_id, month, grain, team_id, day, unit_id, network, fate, guest, n)
select campaign_id, to_char(day, 'YYYY-MM'), 'unit', 1, day, unit_id, 'mobile', 'counted', false,
    count(*) from earnings group by campaign_id, day, unit_id;
drop table made;
"""


def measured(name: str, run: Callable[[], dict[str, Any]]) -> None:
    """Print the time of a run, the first one apart."""
    times = []
    for _ in range(ROUNDS):
        db.session.remove()
        began = time.perf_counter()
        answer = run()
        times.append(time.perf_counter() - began)
    rest = statistics.median(times[1:])
    n = answer.get("measurements", answer.get("registered"))
    print(f"{name:34} {n:7,} examined, {len(answer['items'])} items: {rest:.2f} s "
          f"(first {times[0]:.2f} s)")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the whole table")
    rows = parser.parse_args().rows
    with installed() as postgres:
        fill(postgres.owner_url, rows)
        measure_all()


def fill(url: str, rows: int) -> None:
    """Rows of one province's month, and of the whole country in the next."""
    values = {"rows": rows, "here": HERE, "devices": rows // 20 + 2}
    with connect(url) as connection:
        cursor = psycopg.ClientCursor(connection)
        cursor.execute(FILL, values)
        connection.execute("vacuum analyze")


def measure_all() -> None:
    context = SignalContext(NOW, "key", "vi")
    month = {"month": "2024-11", "level": None, "unit": None}
    month |= {"kind": None, "cursor": None, "limit": 100}
    month |= {"state": None, "team": None, "order": "kind"}
    province = month | {"level": "province"}
    for name, campaign in (("all communes of a province", None), ("the same of a campaign", 1)):
        began = time.perf_counter()
        refresh(Search("2024-11", campaign, "key", NOW), None, float("inf"))
        print(f"search of {name}: {time.perf_counter() - began:.1f} s")
    measured("a commune", lambda: unit_signals(ADMIN, "05443", month, context))
    measured("a campaign", lambda: campaign_signals(ADMIN, 2, month, context))
    measured("a province", lambda: unit_signals(ADMIN, PROVINCE, province, context))
    measured("a campaign of a province", lambda: campaign_signals(ADMIN, 1, month, context))
    measured(
        "registrations of a province",
        lambda: unit_registrations(ADMIN, PROVINCE, province, context),
    )


if __name__ == "__main__":
    main()
