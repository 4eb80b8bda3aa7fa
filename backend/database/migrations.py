"""Flask-Migrate, imported only where tables are migrated, and the latest migration of the code.

Importing alembic takes a twentieth of a start, and workers never use it.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import Flask

from backend.database.extensions import db

if TYPE_CHECKING:
    from flask_migrate import Migrate


class Migrations:
    """The extension as the commands of Flask-Migrate read it."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    @property
    def migrate(self) -> "Migrate":
        """The configuration of alembic."""
        from flask_migrate import Migrate

        return Migrate(db=db, directory=self.directory)


class MigrationCommands(click.Command):
    """The commands `flask db`."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Return the context of Flask-Migrate's group, which replaces this command.

        Without `downgrade`: no migration can be reversed, the way back is the backup.
        """
        from flask_migrate.cli import db as commands

        commands.commands.pop("downgrade", None)
        context: click.Context = commands.make_context(*arguments, **options)
        return context


def init_app(app: Flask) -> None:
    """Register the extension and its commands."""
    app.extensions["migrate"] = Migrations(f"{app.root_path}/migrations")
    app.cli.add_command(MigrationCommands("db", help="Perform database migrations."))


@cache
def latest_migration(folder: str) -> str:
    """Return the latest migration of this code: the one that no other file follows."""
    files = {path.name[:4]: path.read_text() for path in Path(folder).glob("versions/[0-9]*.py")}
    followed = re.findall(r'^down_revision = "(\w+)"', "\n".join(files.values()), re.MULTILINE)
    (latest,) = files.keys() - set(followed)
    return latest
