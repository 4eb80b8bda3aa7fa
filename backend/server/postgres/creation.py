"""Create the roles of the embedded database, and the database itself."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from backend.server.postgres.roles import (
    APP,
    DATABASE,
    OWNER,
    REPORTING,
    REPORTING_CONNECTIONS,
    REPORTING_SETTINGS,
    SUPERUSER,
    Passwords,
)


def create_database(host: Path, port: int, passwords: Passwords) -> None:
    """Create the roles and the database if missing."""
    with psycopg.connect(
        host=str(host),
        port=port,
        user=SUPERUSER,
        password=passwords.of(SUPERUSER),
        dbname="postgres",
        autocommit=True,
    ) as connection:
        for role in (OWNER, APP):
            _create_role(connection, role, passwords.of(role))
        with connection.transaction():
            if _create_role(connection, REPORTING, passwords.of(REPORTING)):
                _limit_reporting(connection)
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
            return
        database = sql.Identifier(DATABASE)
        statement = "CREATE DATABASE {} OWNER {} TEMPLATE template0"
        connection.execute(sql.SQL(statement).format(database, sql.Identifier(OWNER)))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
        connection.execute(grant.format(database, sql.Identifier(APP)))


def _create_role(connection: psycopg.Connection, role: str, password: str) -> bool:
    """Create a role if missing; return whether it was."""
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).rowcount:
        return False
    statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))
    return True


def _limit_reporting(connection: psycopg.Connection) -> None:
    role = sql.Identifier(REPORTING)
    most = sql.Literal(REPORTING_CONNECTIONS)
    connection.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(role, most))
    for name, value in REPORTING_SETTINGS.items():
        statement = sql.SQL("ALTER ROLE {} SET {} = {}")
        connection.execute(statement.format(role, sql.Identifier(name), sql.Literal(value)))
