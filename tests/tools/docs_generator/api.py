"""The API reference of the documentation site: one page per tag of the OpenAPI document.

`scripts/docs` runs it as a program.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backend.app import create_app

API = Path(__file__).parents[3] / "docs" / "api"
METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 2  # nested objects; only names of deeper ones


def write_reference() -> None:
    """Write docs/api from the application's OpenAPI document."""
    API.mkdir(exist_ok=True)
    pages = reference(openapi())
    for path in API.glob("*.md"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = API / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document; needs no database."""
    answer = create_app().test_client().get("/api/v1/openapi.json")
    return dict(answer.get_json())


def reference(document: dict[str, Any]) -> dict[str, str]:
    """Return the text of each page by name; `index` lists the others."""
    pages = {}
    lines = ["# API reference", "", document["info"]["description"], ""]
    lines += ["Every server shows the same at `/docs`, where requests can be tried.", ""]
    lines += ["```{toctree}", ":maxdepth: 1", ""]
    for tag in document["tags"]:
        name = tag["name"].replace(" ", "-").replace("_", "-")
        pages[name] = "\n".join(_page(document, tag))
        lines.append(name)
    pages["index"] = "\n".join([*lines, "```", ""])
    return pages


def _page(document: dict[str, Any], tag: dict[str, str]) -> Iterator[str]:
    yield f"# {tag['name'].replace('_', ' ').capitalize()}\n"
    if tag["description"]:
        yield f"{tag['description']}.\n"
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in METHODS:
            operation = item.get(method, {})
            if tag["name"] in operation.get("tags", []):
                yield from _operation(document, method, path, shared, operation)


def _operation(
    document: dict[str, Any], method: str, path: str, shared: list[Any], operation: dict[str, Any]
) -> Iterator[str]:
    yield f"## {method.upper()} {path}\n"
    yield f"{operation['summary']}\n"
    if operation.get("description"):
        yield f"{operation['description']}\n"
    ways = [next(iter(way), "none") for way in operation.get("security", [])]
    if ways:
        yield f"Sign-in: {', '.join(ways)}.\n"
    parameters = [_resolved(document, one) for one in [*shared, *operation.get("parameters", [])]]
    yield from _table("parameter | in | type | meaning", map(_parameter, parameters))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body, `{kind}`:\n"
        yield from _fields(document, content.get("schema", {}))
    answers = {
        status: _resolved(document, answer) for status, answer in operation["responses"].items()
    }
    yield from _table(
        "status | answer", ((status, _answer(one)) for status, one in answers.items())
    )
    for status, answer in answers.items():
        if status.startswith("2"):
            for content in answer.get("content", {}).values():
                yield from _fields(document, content.get("schema", {}), f"Answer {status}:\n")


def _parameter(parameter: dict[str, Any]) -> tuple[str, ...]:
    required = " (required)" if parameter.get("required") and parameter["in"] != "path" else ""
    kind = _type(parameter.get("schema", {})) + required
    return f"`{parameter['name']}`", parameter["in"], kind, parameter.get("description", "")


def _answer(answer: dict[str, Any]) -> str:
    kinds = [
        f"`{kind}`: {_type(content.get('schema', {}))}"
        for kind, content in answer.get("content", {}).items()
    ]
    return "; ".join([answer.get("description", ""), *kinds])


def _fields(document: dict[str, Any], schema: dict[str, Any], title: str = "") -> Iterator[str]:
    """Yield a table of an object's fields for each alternative; nothing for other schemas."""
    for one in schema.get("oneOf") or schema.get("anyOf") or [schema]:
        rows = list(_rows(document, one, "", DEEPEST))
        if rows and title:
            yield title
        yield from _table("field | type | meaning", rows)


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table, without an empty last column; nothing without rows."""
    kept, heads = list(rows), head.split(" | ")
    if not kept:
        return
    width = len(heads) if any(row[-1] for row in kept) else len(heads) - 1
    yield f"| {' | '.join(heads[:width])} |\n|{'---|' * width}"
    for row in kept:
        yield f"| {' | '.join(map(_cell, row[:width]))} |"
    yield ""


def _rows(
    document: dict[str, Any], schema: dict[str, Any], prefix: str, depth: int
) -> Iterator[tuple[str, ...]]:
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        schema, prefix = _resolved(document, schema.get("items", {})), f"{prefix}[]."
    for name, field in schema.get("properties", {}).items():
        required = " (required)" if name in schema.get("required", []) else ""
        label = f"{prefix}{name}"
        yield f"`{label}`", _type(field) + required, field.get("description", "")
        if depth > 1:
            inner = _resolved(document, field)
            nested = f"{label}." if inner.get("type") != "array" else label
            yield from _rows(document, inner, nested, depth - 1)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: Any = document
        for key in schema["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        return dict(found)
    return schema


def _type(schema: dict[str, Any]) -> str:
    """Return a schema's type as text."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if alternatives := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(dict.fromkeys(map(_type, alternatives)))
    if schema.get("enum"):
        return ", ".join(f"`{one}`" for one in schema["enum"] if one is not None)
    kinds = schema.get("type", "any")
    text = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if "array" in text and "items" in schema:
        text = text.replace("array", f"array of {_type(schema['items'])}")
    if schema.get("format"):
        text += f" ({schema['format']})"
    return text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    write_reference()
