"""The schema `reporting`: dropped before migrations, made again after them, granted to its role."""

from sqlalchemy import Connection, text

from backend.reporting.definitions import SCHEMA, VIEWS

ROLE = "dosong_reporting"
DESCRIPTION = "Read-only views for analysts; see docs/reporting.md."


def drop_views(connection: Connection) -> None:
    """Drop the schema, so that a migration can change the tables under its views."""
    connection.execute(text(f"drop schema if exists {SCHEMA} cascade"))


def create_views(connection: Connection) -> None:
    """Create the schema with all views and their descriptions; grant them to the role, if any."""
    _run(connection, f"create schema {SCHEMA}")
    _run(connection, f"comment on schema {SCHEMA} is {_literal(DESCRIPTION)}")
    for view in VIEWS:
        name = f"{SCHEMA}.{view.name}"
        _run(connection, f"create view {name} as {view.statement}")
        _run(connection, f"comment on view {name} is {_literal(f'One row: {view.row}.')}")
        for column, description in view.columns.items():
            _run(connection, f"comment on column {name}.{column} is {_literal(description)}")
    if connection.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": ROLE}):
        database = connection.scalar(text("select quote_ident(current_database())"))
        for statement in (
            f"grant connect on database {database} to {ROLE}",
            f"grant usage on schema {SCHEMA} to {ROLE}",
            f"grant select on all tables in schema {SCHEMA} to {ROLE}",
        ):
            _run(connection, statement)


def _run(connection: Connection, statement: str) -> None:
    """Run a statement as it is: a colon in it is no parameter."""
    connection.exec_driver_sql(statement.replace("%", "%%"))


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
