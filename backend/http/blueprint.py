"""The blueprint of API endpoints, and its parser of arguments."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from flask import Request
from flask_smorest import Blueprint as SmorestBlueprint
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


class Blueprint(SmorestBlueprint):  # type: ignore[misc] # flask-smorest brings no types
    """flask-smorest's blueprint below /api/v1, with a parser that answers errors as problems.

    `security` is that of all endpoints in the OpenAPI document that declare none of their own.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        parser: Parser | None = None,
        url_prefix: str = "/api/v1",
        security: list[dict[str, list[str]]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix, **options)
        self.ARGUMENTS_PARSER = parser or Parser()
        self.security = security

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Add a view, described with the security of the blueprint unless it has its own."""
        own = getattr(view_func, "_apidoc", {}).get("manual_doc", {})
        if self.security and "security" not in own:
            view_func = self.doc(security=self.security)(view_func)
        super().add_url_rule(rule, endpoint, view_func, **options)
