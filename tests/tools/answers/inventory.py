"""Names that a version offers: endpoints, fields, pages, commands, metrics, settings and others."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from flask import Flask

from backend.events.feed import KINDS
from backend.monitoring.checks import CHECKS
from config.settings import SETTINGS

ROOT = Path(__file__).parents[3]


def names_of(app: Flask) -> dict[str, Iterable[str]]:
    """Return the names of each kind."""
    rules = [f"{method} {rule.rule}" for rule in app.url_map.iter_rules()
             for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]  # fmt: skip
    api = {rule for rule in rules if rule.split()[1].startswith(("/api/", "/ogc"))}
    client = app.test_client()
    document = client.get("/api/v1/openapi.json").json
    schemas = document["components"]["schemas"].items()
    parameters = [(f"{method} {path}", one) for path, item in document["paths"].items()
                  for method, operation in item.items() if isinstance(operation, dict)
                  for one in operation.get("parameters", [])]  # fmt: skip
    running = [path.read_text() for path in (ROOT / "backend/server/running").glob("*.py")]
    return {
        "endpoints": api,
        "pages": set(rules) - api,
        "fields": [f"{name}.{field}" for name, one in schemas
                   for field in one.get("properties", {})],
        "parameters": [f"{name} {one.get('name', one.get('$ref'))}" for name, one in parameters],
        "commands": _commands(app.cli, "flask"),
        "events": KINDS,
        "metrics": re.findall(r"^# TYPE (\S+)", client.get("/metrics").text, re.MULTILINE),
        "checks": [check.__name__ for check in CHECKS],
        "periodic": re.findall(r"\(\*FLASK, ([^)]*)\)", "".join(running)),
        "settings": [setting.name for setting in SETTINGS],
    }  # fmt: skip


def _commands(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for part, one in command.commands.items():
            yield from _commands(one, f"{name} {part}")
    else:
        yield " ".join([name, *sorted(option for one in command.params for option in one.opts)])
