"""The OpenAPI document is valid, says what the API does, and holds every operation."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_smorest import Blueprint

from backend.database.extensions import ProblemApi
from backend.web.site.blueprint import FOR_PROGRAMS

PROBLEM = "application/problem+json"
FOR_DEVICES = {
    ("get", "/api/v1/devices/me"),
    ("delete", "/api/v1/devices/me"),
    ("post", "/api/v1/devices/me/consents"),
    ("get", "/api/v1/devices/me/export"),
    ("get", "/api/v1/measurements"),
    ("post", "/api/v1/measurements"),
    ("get", "/api/v1/measurements/{identity}"),
    ("post", "/api/v1/measurements/check"),
    ("get", "/api/v1/memberships"),
    ("post", "/api/v1/memberships"),
    ("delete", "/api/v1/memberships/{membership_id}"),
    ("patch", "/api/v1/volunteers/me"),
    ("post", "/api/v1/passes"),
    ("post", "/api/v1/passes/use"),
    ("get", "/api/v1/next"),
}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield method, path, operation


def test_a_document_that_two_threads_read_first_is_complete_for_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served, views = Flask(__name__), Blueprint("teams", __name__, url_prefix="/api/v1/teams")
    served.config.update(API_TITLE="Teams", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    views.route("/")(lambda: "")
    api = ProblemApi()
    api.init_app(served)
    api.register_blueprint(views)
    describe, both = views.register_views_in_doc, Barrier(2)

    def describe_slowly(*given: Any, **named: Any) -> None:
        sleep(0.05)
        describe(*given, **named)

    def read(_: int) -> list[str]:
        both.wait()
        return list(api.spec.to_dict()["paths"])

    monkeypatch.setattr(views, "register_views_in_doc", describe_slowly)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(read, range(2))) == [["/api/v1/teams/"]] * 2


@pytest.mark.slow
def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    from openapi_spec_validator import validate  # takes half a second of every test process

    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    # Generated clients have a function for each: two views need two names.
    names = Counter(one["operationId"] for _, _, one in operations(document))
    assert [name for name, times in names.items() if times > 1] == []


def test_every_operation_of_the_api_is_described(document: dict[str, Any], app: Flask) -> None:
    described = {(method, path.replace("{", "<").replace("}", ">"))
                 for method, path, _ in operations(document)}  # fmt: skip
    served = {
        (method.lower(), re.sub(r"<[^<>]+:", "<", rule.rule))  # the document names no converter
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(FOR_PROGRAMS) and not rule.rule.endswith("/openapi.json")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served


def test_every_tag_is_described_and_files_have_their_types(document: dict[str, Any]) -> None:
    assert [tag["name"] for tag in document["tags"] if not tag.get("description")] == []
    file = document["paths"]["/api/v1/reports/{report_id}/files/{name}"]["get"]
    kinds = {
        kind.rpartition(".")[2].rpartition("/")[2] for kind in file["responses"]["200"]["content"]
    }
    assert kinds == {"document", "sheet", "zip", "json"}


def test_every_operation_has_a_summary_and_describes_its_errors(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"].endswith("."), where
        assert "default" in operation["responses"], where
    for answer in document["components"]["responses"].values():
        assert list(answer["content"]) == [PROBLEM]
        assert answer["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_the_endpoints_of_devices_name_their_token(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert scheme == {"type": "http", "scheme": "bearer"}
    secured = {(method, path) for method, path, one in operations(document) if "security" in one}
    assert secured >= FOR_DEVICES
    for method, path, operation in operations(document):
        if (method, path) in FOR_DEVICES:
            assert operation["security"] == [{"bearer": []}]


def test_every_property_of_a_request_has_a_type(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("Measurement", "Network", "Location", "Server", "Cell", "Locate", "Agreement"):
        for field, found in schemas[name]["properties"].items():
            assert {"type", "$ref", "anyOf"} & set(found), f"{name}.{field}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nothing"),
        ("POST", "/api/v1/device/nothing"),
        ("GET", "/ogc/nothing"),
        ("POST", "/rmbt/token/nothing"),
        ("POST", "/rmbt/token/RMBTControlServer/a/b"),
        ("POST", "/RMBTControlServer/a/b"),
    ],
)
def test_an_unknown_path_is_a_problem_too(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, PROBLEM)
