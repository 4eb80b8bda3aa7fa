"""The same measurements in monthly partitions: what the application would work on unchanged."""

import time
from datetime import date, timedelta

import psycopg

from backend.clock import month_end
from backend.server.postgres.roles import APP
from growth_parts.place import Place

SPAN = "select min(day), max(day) from measurements"
INDEXES = """
select indexname, indexdef from pg_indexes
where tablename = 'measurements' and indexname <> 'pk_measurements'
"""
# A key of a partitioned table holds what it is partitioned by: an id alone is no key any more.
AROUND = """
alter table measurements rename to plain;
alter table plain drop constraint pk_measurements;
create table measurements (like plain including defaults including constraints)
    partition by range (day);
"""
PART = """
create table "measurements_{month}" partition of measurements
    for values from ('{first}') to ('{after}')
"""
FILL = """
create table measurements_other partition of measurements default;
insert into measurements select * from plain;
drop table plain;
alter table measurements add constraint pk_measurements primary key (id, day);
grant select, insert, update, delete on measurements to {app};
"""


def partition(place: Place) -> None:
    """Make partitions of a month each, and move everything into them."""
    began = time.monotonic()
    with _connected(place) as connection:
        connection.execute("set maintenance_work_mem = '1GB'")
        [(first, last)] = connection.execute(SPAN).fetchall()
        indexes = connection.execute(INDEXES).fetchall()
        connection.execute(AROUND)
        for name, _ in indexes:
            connection.execute(f"drop index {name}")
        month = first.replace(day=1)
        while month <= last:
            after = following(month)
            connection.execute(PART.format(month=f"{month:%Y-%m}", first=month, after=after))
            month = after
        connection.execute(FILL.format(app=APP))
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("vacuum analyze measurements")
    print(f"partitioned in {time.monotonic() - began:.0f} s", flush=True)


def drop_month(place: Place, month: str, partitioned: bool) -> str:
    """Take a month away, as after its archive was written; how long it took."""
    first = date.fromisoformat(f"{month}-01")
    drop = [
        f'alter table measurements detach partition "measurements_{month}"',
        f'drop table "measurements_{month}"',
    ]
    delete = [
        f"delete from measurements where day between '{first}' and '{month_end(month)}'",  # noqa: S608
        "vacuum measurements",
    ]
    took = []
    with _connected(place) as connection:
        for statement in drop if partitioned else delete:
            began = time.monotonic()
            connection.execute(statement)
            took.append(f"{time.monotonic() - began:.2f} s")
    return " + ".join(took)


def following(month: date) -> date:
    """The first day of the next month."""
    return (month + timedelta(days=31)).replace(day=1)


def _connected(place: Place) -> psycopg.Connection:
    return psycopg.connect(place.owner_url.replace("+psycopg", ""), autocommit=True)
