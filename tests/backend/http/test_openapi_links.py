"""The links of the OpenAPI document lead to operations that are there, by values that are there."""

from typing import Any

from flask.testing import FlaskClient

from backend.http.openapi_links import FOLLOWS


def at(document: Any, pointer: str) -> Any:
    for step in pointer.lstrip("#/").split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def whole(document: Any, part: Any) -> Any:
    return whole(document, at(document, part["$ref"])) if "$ref" in part else part


def answers(operation: Any) -> list[Any]:
    return [one for status, one in operation["responses"].items() if status.startswith("2")]


def test_every_link_leads_somewhere_by_what_the_answer_holds(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    found = 0
    for path, operations in document["paths"].items():
        for operation in (operations[method] for method in operations if method != "parameters"):
            for answer in answers(operation):
                for link in answer.get("links", {}).values():
                    target = at(document, link["operationRef"])
                    check(document, path, answer, link["parameters"], target, link["operationRef"])
                    found += 1
    assert found >= sum(map(len, FOLLOWS.values()))


def check(document: Any, path: str, answer: Any, taken: Any, target: Any, where: str) -> None:
    """Each value comes from the answer as it is described, and the target takes it."""
    above = at(document, where.rpartition("/")[0]).get("parameters", [])
    known = {whole(document, one)["name"] for one in target.get("parameters", []) + above}
    assert set(taken) <= known, where
    for source in taken.values():
        kind, _, name = source.partition(".")
        if kind == "$request":
            assert f"{{{name.removeprefix('path.')}}}" in path
        elif name.startswith("header."):
            assert name.removeprefix("header.") in answer["headers"], (path, where)
        else:
            [shape] = [one["schema"] for one in answer["content"].values()]
            for step in name.removeprefix("body#/").split("/"):
                shape = whole(document, shape)
                shape = shape["items"] if step == "0" else shape["properties"][step]
