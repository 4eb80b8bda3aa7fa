"""The migrations, and the commands of Flask-Migrate, which is imported only for them."""

import shutil
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Engine, text

from backend.database.extensions import db
from backend.database.migrations import latest_migration
from backend.measurements.recording import earning_sums
from backend.server.postgres.embedded import EmbeddedPostgres
from tests.support.database import application


def test_the_latest_migration_is_the_last_file(app: Flask) -> None:
    folder = f"{app.root_path}/migrations"
    script = ScriptDirectory(folder)
    assert latest_migration(folder) == script.get_current_head()


def test_the_commands_of_migrations_are_there(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    shown = run(args=["db", "--help"]).output
    assert "  upgrade " in shown and "downgrade" not in shown  # the way back is the backup
    # Its words go to the standard output of the time when alembic was imported.
    assert run(args=["db", "heads"]).exit_code == 0


@pytest.mark.parametrize("revision", ["0027", "0114", "9999"])
def test_a_database_of_another_version_is_refused_untouched_with_the_way_out(
    app: Flask, owner: Engine, caplog: pytest.LogCaptureFixture, revision: str
) -> None:
    change = text("update alembic_version set version_num = :revision")
    views = text("select count(*) from pg_views where schemaname = 'reporting'")
    latest = latest_migration(f"{app.root_path}/migrations")
    with owner.begin() as connection:
        connection.execute(change, {"revision": revision})
        before = connection.scalar(views)
    try:
        done = app.test_cli_runner().invoke(args=["db", "upgrade"])
        with owner.connect() as connection:
            assert connection.scalar(views) == before
            found = connection.scalar(text("select version_num from alembic_version"))
    finally:
        with owner.begin() as connection:
            connection.execute(change, {"revision": latest})
    assert (done.exit_code, found) == (1, revision)
    assert f"at revision {revision}, which this version does not know" in caplog.text
    assert "commit edf2d2f6" in caplog.text and "the backup" in caplog.text


# A team's earnings of two months as revision 0111 summed them: of a volunteer and of nobody, in a
# commune and outside, on the first and the last day of a month.
EARNED = text("""
    with youth as (
        insert into organisations (name, type, sort_key, search_key)
        values ('Đoàn', 'youth_union', 'doan', 'doan') returning id
    ), campaign as (
        insert into campaigns (organisation_id, name, first_day, last_day, networks, state)
        select id, 'Đo mạng', '2024-10-01', '2024-12-31', '{mobile}', 'open' from youth returning id
    ), team as (
        insert into teams (organisation_id, name, type, name_key, sort_key)
        select id, 'Đội 1', 'youth', 'doi 1', 'doi 1' from youth returning id
    ), volunteer as (
        insert into volunteers (created_at) values (now()) returning id
    )
    insert into earnings (measurement_id, campaign_id, team_id, volunteer_id, rules, guest,
        category, unit_id, day, network, needed)
    select gen_random_uuid(), campaign.id, team.id, case when mine then volunteer.id end, 1, guest,
        category, unit, day, 'mobile', needed
    from campaign, team, volunteer, (values
        (true, false, 'counted', 7, date '2024-10-31', true),
        (true, true, 'counted_witnessed', 7, date '2024-11-01', true),
        (true, false, 'counted_witnessed', 7, date '2024-11-30', false),
        (true, false, 'repeat', 7, date '2024-11-30', false),
        (false, false, 'counted', 8, date '2024-11-30', true),
        (false, false, 'over_cap', null, date '2024-11-15', false)
    ) as earned (mine, guest, category, unit, day, needed)
""")
SUMMED = text("""
    insert into earning_sums (campaign_id, month, grain, team_id, key, network, days, needed_days,
        needed, guests, witnessed, claimed, repeat, over_cap)
    select campaign_id, to_char(day, 'YYYY-MM'), grain, team_id, key, network, bit_or(bit),
        coalesce(bit_or(bit) filter (where needed), 0), count(*) filter (where needed),
        count(*) filter (where guest), count(*) filter (where category = 'counted_witnessed'),
        count(*) filter (where category = 'counted'), count(*) filter (where category = 'repeat'),
        count(*) filter (where category = 'over_cap')
    from earnings, lateral (values
        ('member', coalesce(volunteer_id, 0)), ('unit', coalesce(unit_id, 0)::bigint),
        ('day', (day - date '0001-01-01' + 1)::bigint)
    ) as grains (grain, key), lateral (select 1::bigint << extract(day from day)::int - 1) b (bit)
    group by 1, 2, 3, 4, 5, 6
""")


@pytest.mark.slow
def test_sums_of_earnings_move_into_their_tables(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, fsync=False) as server:
        app = application(server)
        with app.app_context():
            upgrade(revision="0111")
            for statement in (EARNED, SUMMED):
                db.session.execute(statement)
            db.session.commit()
            before = db.session.scalar(text("select count(*) from earning_sums"))
            db.session.commit()
            upgrade()
            assert earning_sums.differences() == []
            rows = [
                db.session.scalar(text(f"select count(*) from {table}"))
                for table in earning_sums.SUMS
            ]
            assert rows == [3, 4, 4] and sum(rows) == before
            db.session.remove()
            db.engine.dispose()
    shutil.rmtree(server.socket_dir, ignore_errors=True)
