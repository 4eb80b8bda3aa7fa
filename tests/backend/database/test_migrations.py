"""The latest migration, and the commands of Flask-Migrate, which is imported only for them."""

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine, text

from backend.database.migrations import latest_migration


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
