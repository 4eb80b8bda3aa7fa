"""The libraries that the features share, made once and bound in create_app."""

from flask_migrate import Migrate
from flask_smorest import Api
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
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
