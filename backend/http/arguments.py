"""The parser of flask-smorest's `arguments`, with our reading of bodies and our errors."""

from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Request
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

from backend.errors import Problem, field_errors
from backend.http.requests import read_json


class Parser(FlaskParser):
    """Reads JSON by read_json: webargs ignores other content types and has no gzip."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        return read_json()

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        by_location = error.messages_dict
        errors = [found for messages in by_location.values() for found in field_errors(messages)]
        raise Problem(422, "invalid", errors) from error
