"""The libraries that the features share, made once and bound in create_app."""

from collections.abc import Mapping
from typing import Any

import psycopg
from flask_migrate import Migrate
from flask_smorest import Api
from flask_sqlalchemy import SQLAlchemy
from psycopg.rows import dict_row
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase

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


class ProblemApi(Api):  # type: ignore[misc] # flask-smorest brings no types
    """flask-smorest with our one error shape; backend.http answers the errors."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "DEFAULT_ERROR"

    def _register_error_handlers(self) -> None:
        """Errors are answered in one place, backend.http."""

    def _register_responses(self) -> None:
        """Describe every error as problem details; flask-smorest has one media type for all."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE  # the class's own stands again


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
api = ProblemApi()


def quickly(statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a statement in the session's transaction by the driver itself; its rows.

    For what every post runs: SQLAlchemy's own execution costs several times the driver's. Errors
    are raised as SQLAlchemy would, without the values: they are positions of people.
    """
    connection = db.session.connection()
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor(row_factory=dict_row) as cursor:
            cursor.execute(statement, values)
            rows: list[dict[str, Any]] = cursor.fetchall()
            return rows
    except psycopg.Error as error:
        dialect = connection.dialect
        raise DBAPIError.instance(statement, None, error, psycopg.Error, dialect=dialect) from error
