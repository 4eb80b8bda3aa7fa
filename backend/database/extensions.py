"""Flask extensions shared by all packages, their settings, and statements by the driver itself."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from threading import RLock
from typing import Any, cast
from uuid import UUID

import orjson
import psycopg
from apispec import APISpec
from flask import Flask, current_app
from flask_smorest import Api
from flask_sqlalchemy import SQLAlchemy
from psycopg.rows import dict_row
from sqlalchemy import (
    CursorResult,
    DateTime,
    Executable,
    LargeBinary,
    MetaData,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.pool import ConnectionPoolEntry

from backend.database.pool import Connections, begin_session, is_dead
from backend.errors import Problem, ProblemSchema


class Base(DeclarativeBase):
    """The base of models; constraints have predictable names for migrations."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    registry = registry(
        metadata=metadata,
        type_annotation_map={
            str: Text,
            datetime: DateTime(timezone=True),
            dict[str, Any]: JSONB,
            dict[str, str]: JSONB,
            list[str]: ARRAY(Text),
            list[bytes]: ARRAY(LargeBinary),
        },
    )


# Security of operations for the OpenAPI document: a device's token …
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
# … a person's token or session, or a session only.
PERSON: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]
SESSION: list[dict[str, list[str]]] = [{"session": []}]


class ProblemApi(Api):  # type: ignore[misc] # flask-smorest brings no types
    """flask-smorest with problem details as errors, which backend.http.problems answers."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "DEFAULT_ERROR"

    def __init__(self) -> None:
        self._lock = RLock()
        self._undescribed: list[Any] = []
        super().__init__()

    @property
    def spec(self) -> APISpec:
        """The OpenAPI document; views are described when it is read: a tenth of a start."""
        with self._lock:
            while self._undescribed:
                views = self._undescribed.pop(0)
                kwargs = {"name": views.name, "parameters": None}
                views.register_views_in_doc(self, self._app, self._spec, **kwargs)
                self._spec.tag({"name": views.name, "description": views.description})
            spec: APISpec = self._spec
            return spec

    @spec.setter
    def spec(self, empty: Any) -> None:
        self._spec, self._undescribed = empty, []

    def register_blueprint(self, views: Any) -> None:
        """Serve views of the API."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][views.name] = self
        self._app.register_blueprint(views)
        self._undescribed.append(views)

    def _register_error_handlers(self) -> None:
        """Leave all errors to backend.http.problems."""

    def _register_responses(self) -> None:
        """Describe errors with their media type; flask-smorest has one for all answers."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE  # back to that of the class


# Connections of a worker in each of its two pools: its threads, and those in the background.
MAX_POOL = 8
# Seconds to wait for a connection before answering 503: phones give up after 15 and retry.
POOL_WAIT_S = 3

db = SQLAlchemy(model_class=Base)
api = ProblemApi()


def bind_connections(app: Flask) -> None:
    """Drop dead connections, also at the end of a request, and make `fetch_autocommit`'s pool."""
    arguments = app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    event.listen(db.engine, "connect", begin_session)
    event.listen(db.engine, "checkout", _refuse_dead)
    app.extensions["connections"] = Connections(db.engine, MAX_POOL, POOL_WAIT_S, arguments)
    # Before Flask-SQLAlchemy's, which would fail the request on a connection that was lost.
    app.teardown_appcontext(lambda error: _end_transaction(db.session.remove))


def roll_back() -> None:
    """Roll back the session's transaction, if it has one, also where its connection was lost."""
    _end_transaction(db.session.rollback)


def _end_transaction(end: Callable[[], None]) -> None:
    if not db.session.registry.has():
        return
    try:
        end()
    except DBAPIError:
        db.session().invalidate()
        db.session.remove()


def _refuse_dead(driver: Any, record: ConnectionPoolEntry, *of_the_pool: Any) -> None:
    """Refuse a connection that the server has closed; a pre-ping would cost a round trip.

    Not one that was just opened: two refusals are an error of SQLAlchemy's other than that of a
    lost connection.
    """
    if "lent" in record.info and is_dead(driver):
        raise DisconnectionError
    record.info["lent"] = True


Rows = list[dict[str, Any]]
# `fetch` or `fetch_autocommit`.
Run = Callable[[str, Mapping[str, Any]], Rows]


def fetch(statement: str, values: Mapping[str, Any], *, binary: bool = False) -> Rows:
    """Run a statement by the driver in the session's transaction and return its rows.

    For the statements of every post: SQLAlchemy's execution costs several times the driver's.
    `binary` is for long byte strings, which are sent as twice as many characters otherwise.
    Errors are SQLAlchemy's, without the values, which contain positions.
    """
    driver: Any = db.session.connection().connection.driver_connection
    try:
        return _execute(driver, statement, values, binary=binary)
    except psycopg.Error as error:
        raise _as_sqlalchemy(error, statement) from error


def fetch_autocommit(statement: str, values: Mapping[str, Any]) -> Rows:
    """Run a statement by the driver in its own transaction, commit, and return its rows.

    It uses another connection than the session: rows locked by the session block it.
    """
    connections: Connections = extension("connections")
    try:
        with connections.connection() as connection:
            return _execute(connection, statement, values)
    except psycopg.Error as error:
        raise _as_sqlalchemy(error, statement) from error


def _execute(
    connection: psycopg.Connection[Any],
    statement: str,
    values: Mapping[str, Any],
    *,
    binary: bool = False,
) -> Rows:
    query, names = _positional(statement)
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        cursor.execute(query, [values[name] for name in names], binary=binary)
        return cursor.fetchall()


@lru_cache(256)
def _positional(statement: str) -> tuple[str, tuple[str, ...]]:
    """Return a statement with the server's placeholders, and the names of their values in order.

    The driver would do it anew for each execution of a statement over 4,096 characters.
    """
    numbers: dict[str, int] = {}
    placed = re.sub(
        r"%\((\w+)\)s",
        lambda found: f"${numbers.setdefault(found[1], len(numbers) + 1)}",
        statement,
    )
    return placed, tuple(numbers)


def array_literal(values: Iterable[UUID | bytes | date | int | str | None]) -> str:
    """Return an array in PostgreSQL's notation: the driver is slow with lists.

    For a parameter that the statement casts. Texts must need no quotes.
    """
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: UUID | bytes | date | int | str | None) -> str:
    if isinstance(value, bytes):
        return rf"\\x{value.hex()}"
    return "null" if value is None else str(value)


def dump(value: Any) -> str:
    """Return JSON for PostgreSQL with times, days, UUIDs and digests in its notation."""
    try:
        return orjson.dumps(value, default=_plain).decode()
    except TypeError:  # an integer of more than 64 bits, in an unknown field
        return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON notation")


def _as_sqlalchemy(error: psycopg.Error, statement: str) -> BaseException:
    dialect = db.engine.dialect
    return DBAPIError.instance(statement, None, error, psycopg.Error, dialect=dialect)


@contextmanager
def owner_session() -> Iterator[Session]:
    """Open a transaction of the role that owns the tables: it writes what the serving role cannot.

    403 if the role of DATABASE_OWNER_URL owns no tables.
    """
    engine = create_engine(setting("DATABASE_OWNER_URL"))
    event.listen(engine, "connect", begin_session)
    try:
        with Session(engine) as session, session.begin():
            yield session
    except ProgrammingError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise Problem(403, "owner_only") from error
        raise
    finally:
        engine.dispose()


def change_rows(statement: Executable, values: Mapping[str, Any] | None = None) -> int:
    """Execute a statement, leaving the session's objects as they are; return its number of rows."""
    done = db.session.execute(statement, values, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], done).rowcount


@contextmanager
def unless_violated(constraint: str, problem: Problem) -> Iterator[None]:
    """Raise a problem where a constraint of the database, with this in its name, is violated."""
    try:
        yield
    except IntegrityError as error:
        if constraint not in str(error.orig):
            raise
        raise problem from None


def follow_indexes() -> None:
    """Disable sequential scans in the session's transaction.

    Rows of a month are stored together in order of arrival; the planner assumes random places and
    would scan the whole table.
    """
    db.session.execute(text("set local enable_seqscan = off"))


def setting(name: str) -> Any:
    """Return a setting of the current application, for services: they do not import Flask."""
    return current_app.config[name]


def extension(name: str) -> Any:
    """Return an object of the current application, such as its `locator`, for services."""
    return current_app.extensions[name]


def library_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Derive the settings of Flask-SQLAlchemy and flask-smorest from ours."""
    return {
        "SQLALCHEMY_DATABASE_URI": config["DATABASE_URL"],
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": MAX_POOL,
            "max_overflow": 0,
            "pool_timeout": POOL_WAIT_S,
            "connect_args": {
                "connect_timeout": POOL_WAIT_S,
                **({} if config["DATABASE_PREPARED"] else {"prepare_threshold": None}),
            },
        },
        "API_TITLE": "Đo Sóng",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/api/v1",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "info": {"description": "Speed tests of mobile and fixed networks, by commune."},
            "servers": [{"url": "/"}],
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "basic": {"type": "http", "scheme": "basic"},
                    "session": {"type": "apiKey", "in": "cookie", "name": "dosong_session"},
                }
            },
        },
        "PROPAGATE_EXCEPTIONS": False,
    }
