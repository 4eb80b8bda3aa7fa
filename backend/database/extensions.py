"""The libraries that the features share, made once and bound in create_app."""

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from flask import Flask, current_app
from flask_migrate import Migrate
from flask_smorest import Api
from flask_sqlalchemy import SQLAlchemy
from psycopg.rows import dict_row
from sqlalchemy import MetaData, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase

from backend.database.pool import Connections, is_dead
from backend.errors import ProblemSchema


class Base(DeclarativeBase):
    """Names of constraints follow one pattern, so that a migration can address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# What an operation says that takes a device's token: @blp.doc(security=BEARER).
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
# The same for a person, who comes by a personal token or a session, or by a session alone.
PERSON: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]
SESSION: list[dict[str, list[str]]] = [{"session": []}]


class ProblemApi(Api):  # type: ignore[misc] # flask-smorest brings no types
    """flask-smorest with our one error shape; backend.http.problems answers the errors."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "DEFAULT_ERROR"

    def _register_error_handlers(self) -> None:
        """Leave all errors to backend.http.problems."""

    def _register_responses(self) -> None:
        """Describe every error as problem details; flask-smorest has one media type for all."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE  # the class's own stands again


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
api = ProblemApi()


def bind_connections(app: Flask) -> None:
    """Drop dead connections at checkout and make the pool of `fetch_autocommit`."""
    most, wait_s = app.config["DATABASE_POOL"], app.config["DATABASE_TIMEOUT_S"]
    arguments = app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    event.listen(db.engine, "checkout", _refuse_dead)
    app.extensions["connections"] = Connections(db.engine, most, wait_s, arguments)


def _refuse_dead(driver: Any, *of_the_pool: Any) -> None:
    """Hand out no connection that the server has closed; a pre-ping would ask it each time."""
    if is_dead(driver):
        raise DisconnectionError


Rows = list[dict[str, Any]]
# Either of the two below.
Run = Callable[[str, Mapping[str, Any]], Rows]


def fetch(statement: str, values: Mapping[str, Any]) -> Rows:
    """Run a statement in the session's transaction by the driver itself; its rows.

    For what every post runs: SQLAlchemy's own execution costs several times the driver's. Errors
    are raised as SQLAlchemy would, without the values: they are positions of people.
    """
    driver: Any = db.session.connection().connection.driver_connection
    with driver.cursor(row_factory=dict_row) as cursor:
        try:
            cursor.execute(statement, values)
            rows: Rows = cursor.fetchall()
            return rows
        except psycopg.Error as error:
            raise _as_sqlalchemy(error, statement) from error


def fetch_autocommit(statement: str, values: Mapping[str, Any]) -> Rows:
    """Run a statement by the driver in a transaction of its own, committed on return; its rows.

    It knows nothing of the session: what that has locked, this waits for in vain.
    """
    connections: Connections = extension("connections")
    try:
        with connections.cursor() as cursor:
            return cursor.execute(statement, values).fetchall()
    except psycopg.Error as error:
        raise _as_sqlalchemy(error, statement) from error


def _as_sqlalchemy(error: psycopg.Error, statement: str) -> BaseException:
    dialect = db.engine.dialect
    return DBAPIError.instance(statement, None, error, psycopg.Error, dialect=dialect)


def follow_indexes() -> None:
    """Let the session's transaction look rows up by an index, wherever there is one.

    Rows of a month lie together, in the order in which they came; the planner supposes that they
    lie anywhere, and would read the whole table for them.
    """
    db.session.execute(text("set local enable_seqscan = off"))


def setting(name: str) -> Any:
    """A setting of the application that asks: for rules that every caller must share."""
    return current_app.config[name]


def extension(name: str) -> Any:
    """What the application that asks holds once per process, such as its `locator`."""
    return current_app.extensions[name]
