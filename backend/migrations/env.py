"""Run migrations as the role that owns the tables, then grant the roles what they may do."""

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, create_engine, make_url, text

from backend.coverage.targets.service import strict_comparison
from backend.database.extensions import db
from backend.migrations.patience import patiently
from backend.reporting.schema import create_views, drop_views

OWNER_URL = current_app.config["DATABASE_OWNER_URL"]
APP_ROLE = make_url(current_app.config["DATABASE_URL"]).username


def grant(connection: Connection) -> None:
    """The serving role reads and writes rows; it alters nothing and only adds to logs."""
    if make_url(OWNER_URL).username == APP_ROLE:
        return
    role = connection.dialect.identifier_preparer.quote(str(APP_ROLE))
    for statement in (
        f"grant usage on schema public to {role}",
        f"grant select, insert, update, delete on all tables in schema public to {role}",
        f"grant usage on all sequences in schema public to {role}",
        f"revoke update, delete on audit from {role}",
        f"revoke insert, update, delete on alembic_version from {role}",
    ):
        connection.execute(text(statement))
    if connection.dialect.has_table(connection, "counting_rules"):  # not in a database of 1.0.0
        connection.execute(text(f"revoke insert, update, delete on counting_rules from {role}"))


def check_revision() -> None:
    """Raise an error that an operator understands if this code does not know the database."""
    for revision in context.get_context().get_current_heads():
        try:
            context.script.get_revision(revision)
        except CommandError:
            raise CommandError(
                f"The database is at revision {revision}, which this version does not know: it"
                " migrates databases of version 1.0.0 and later. To go back to an earlier version,"
                " restore the backup that was made before the upgrade (docs/operator.md)."
            ) from None


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=db.metadata, compare_type=True)
    with context.begin_transaction():
        check_revision()
        drop_views(connection)
        context.run_migrations()
        if connection.dialect.has_table(connection, "audit"):
            grant(connection)
        if context.get_context().get_current_heads() == (context.get_head_revision(),):
            create_views(connection, strict=strict_comparison())


def run() -> None:
    engine = create_engine(OWNER_URL)
    try:
        patiently(engine, migrate)
    finally:
        engine.dispose()


run()
