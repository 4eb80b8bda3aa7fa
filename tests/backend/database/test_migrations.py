"""The latest migration, and the commands of Flask-Migrate, which is imported only for them."""

from alembic.script import ScriptDirectory
from flask import Flask

from backend.database.migrations import latest_migration


def test_the_latest_migration_is_the_last_file(app: Flask) -> None:
    folder = f"{app.root_path}/migrations"
    script = ScriptDirectory(folder, recursive_version_locations=True)
    assert latest_migration(folder) == script.get_current_head()


def test_the_commands_of_migrations_are_there(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    assert "upgrade" in run(args=["db", "--help"]).output
    # Its words go to the standard output of the time when alembic was imported.
    assert run(args=["db", "heads"]).exit_code == 0
