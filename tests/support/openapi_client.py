"""A test client that validates every answer of the API against the OpenAPI document."""

import json
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator
from werkzeug.test import TestResponse

from backend.database.extensions import api

PREFIX = "/api/v1/"


class OpenAPIClient(FlaskClient):
    """Client that fails a test if the document does not describe an answer's status or shape."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        path = response.request.path
        if path.startswith(PREFIX) and not path.endswith("openapi.json"):
            check(self.application, response)
        return response


def check(app: Flask, response: TestResponse) -> None:
    """Assert that the document describes an answer."""
    adapter = app.url_map.bind("localhost")
    method = response.request.method
    try:
        rule, _ = adapter.match(response.request.path, method, return_rule=True)
    except Exception:  # an unknown path or method has no operation
        assert response.status_code in (404, 405, 308)
        return
    document = openapi_document()
    path = str(rule.rule).replace("<", "{").replace(">", "}")
    path = "/".join(_without_converter(part) for part in path.split("/"))
    answers = document["paths"][path][method.lower()]["responses"]
    answer = answers.get(str(response.status_code)) or answers.get("default")
    assert answer, f"{method} {path} answered {response.status_code}, which is not described"
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    content = answer.get("content", {}).get(response.mimetype)
    if content and "json" in response.mimetype:
        validator(json.dumps(content["schema"])).validate(response.get_json())


@cache
def validator(schema: str) -> Draft202012Validator:
    """Return the validator of a schema of the document, compiled once."""
    whole = {**json.loads(schema), "components": openapi_document()["components"]}
    return Draft202012Validator(whole, validate_formats=False)


def _without_converter(part: str) -> str:
    return "{" + part.split(":", 1)[1] if part.startswith("{") and ":" in part else part


@cache
def openapi_document() -> dict[str, Any]:
    """Return the document, made once."""
    document: dict[str, Any] = api.spec.to_dict()
    return document
