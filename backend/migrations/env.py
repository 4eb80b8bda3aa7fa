"""Run migrations as the role that owns the tables, then grant the roles what they may do."""

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, create_engine, make_url, text

from backend.clock import utc_now
from backend.database.extensions import db
from backend.migrations.patience import patiently
from backend.reporting.schema import create_views, drop_views
from backend.witness.hosts import add_own_host
from backend.witness.keys import host_key, own_host_id

OWNER_URL = current_app.config["DATABASE_OWNER_URL"]
APP_ROLE = make_url(current_app.config["DATABASE_URL"]).username


# Proofs, rules and public figures: the serving role reads them.
OF_OWNER = (
    "alembic_version", "counting_rules", "host_keys", "measuring_hosts", "releases",
    "released_figures", "released_no_connection", "targets",
)  # fmt: skip
# Tables of later revisions, and what the serving role may not do to their rows. What an office did
# about a place stays as entered, a report as it was collected.
LATER = {
    "place_steps": "update, delete",
    "report_sources": "insert, update, delete",
    "report_source_keys": "insert, update, delete",
    "collected_reports": "update, delete",
}
# By which it writes some of them; each writes the entry of the audit log itself.
FUNCTIONS = ("create_target", "change_target")


def grant(connection: Connection) -> None:
    """The serving role reads and writes rows; it alters nothing and only adds to logs."""
    if make_url(OWNER_URL).username == APP_ROLE:
        return
    role = connection.dialect.identifier_preparer.quote(str(APP_ROLE))
    for statement in (
        f"grant usage on schema public to {role}",
        f"grant select, insert, update, delete on all tables in schema public to {role}",
        f"grant usage on all sequences in schema public to {role}",
        f"revoke insert, update, delete on audit from {role}",
        # The database writes an entry's number and time: none is of another day.
        f"grant insert (actor, act, subject, address, details) on audit to {role}",
    ):
        connection.execute(text(statement))
    for table, acts in LATER.items():
        if connection.execute(text("select to_regclass(:name)"), {"name": table}).scalar():
            connection.execute(text(f"revoke {acts} on {table} from {role}"))
    for table in OF_OWNER:
        connection.execute(text(f"revoke insert, update, delete on {table} from {role}"))
    for name in FUNCTIONS:
        connection.execute(text(f"grant execute on function {name} to {role}"))


def register_own_host(connection: Connection) -> None:
    """Register the measuring host of this machine: the serving role may not."""
    config = current_app.config
    public_key = host_key(config["VAR_DIR"]).public_bytes
    add_own_host(connection, own_host_id(config["SECRET_KEY"]), public_key, utc_now())


def check_revision() -> None:
    """Raise an error that an operator understands if this code does not know the database."""
    for revision in context.get_context().get_current_heads():
        try:
            context.script.get_revision(revision)
        except CommandError:
            raise CommandError(
                f"The database is at revision {revision}, which this version does not know, and"
                " stays as it is. One of a state before 2.0.0 is brought to revision 0111 by"
                " commit edf2d2f6; one of a later version goes on with that version, or back by"
                " the backup that was made before the upgrade (docs/operator.md)."
            ) from None


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=db.metadata, compare_type=True)
    with context.begin_transaction():
        check_revision()
        drop_views(connection)
        context.run_migrations()
        grant(connection)
        if context.get_context().get_current_heads() == (context.get_head_revision(),):
            create_views(connection)
            register_own_host(connection)


def run() -> None:
    engine = create_engine(OWNER_URL)
    try:
        patiently(engine, migrate)
    finally:
        engine.dispose()


run()
