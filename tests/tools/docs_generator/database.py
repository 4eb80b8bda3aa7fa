"""The tables by package, what each row is and which packages use it, and their references."""

import ast
import re
from collections import defaultdict
from functools import cache
from importlib import import_module
from pathlib import Path

from sqlalchemy import Table

from backend.database.extensions import db
from backend.i18n.catalogues import gettext

BACKEND = Path(__file__).parents[3] / "backend"
# Statements name a table after one of these words.
IN_SQL = r"\b(?:from|join|into|update|truncate)\s+(?:only\s+)?{}\b"


def tables() -> str:
    """Return the tables of each package with the packages that use them, and a diagram."""
    return "\n\n".join(_section(package, names) for package, names in sorted(_packages().items()))


def personal() -> str:
    """Return the tables with data of people, in Vietnamese: for what, and how long it is kept."""
    rows = []
    for name, texts in sorted(personal_tables().items()):
        purpose, kept = (gettext(text, "vi") for text in texts)
        rows.append(f"| `{name}` | {purpose} | {kept} |")
    return "\n".join(["| bảng | để làm gì | giữ bao lâu |", "|---|---|---|", *rows])


def personal_tables() -> dict[str, tuple[str, str]]:
    """Return for what tables have data of people and how long, of those that say it, by table."""
    models = (mapper.class_ for mapper in db.Model.registry.mappers)  # type: ignore[attr-defined]
    said = {
        model.__tablename__: model.__personal__
        for model in models
        if hasattr(model, "__personal__")
    }
    tables = db.metadata.tables.items()
    return said | {name: table.info["personal"] for name, table in tables if table.info}


def _section(package: str, names: dict[str, str]) -> str:
    rows = [f"| `{name}` | {_about(package, kind)} | {_users(package, name, kind)} |"
            for name, kind in names.items()]  # fmt: skip
    references = sorted({
        f"    {key.column.table.name} ||--o{{ {name} : {key.parent.name}"
        for name in names for key in db.metadata.tables[name].foreign_keys
    })  # fmt: skip
    diagram = ["", "```mermaid", "erDiagram", *references, "```"] if references else []
    head = [f"### {package}", "", "| table | a row is | used by |", "|---|---|---|"]
    return "\n".join([*head, *rows, *diagram])


def _packages() -> dict[str, dict[str, str]]:
    """Return the tables of each package, with the name of class or variable in its models."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for file in _sources():
        if file.endswith("/models.py"):
            package = file.removesuffix("/models.py").replace("/", ".")
            module = import_module(f"backend.{package}.models")
            for name, value in sorted(vars(module).items()):
                table = getattr(value, "__table__", value)
                if isinstance(table, Table):
                    found[package][table.name] = name
    return {package: dict(sorted(names.items())) for package, names in found.items()}


def _about(package: str, kind: str) -> str:
    """Return the first sentence about a table: of the class, or of the comment above a table."""
    source = _sources()[f"{package.replace('.', '/')}/models.py"]
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == kind:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    [comment] = re.findall(rf"((?:^# .*\n)+){kind} = Table", source, re.MULTILINE)
    text = " ".join(line.removeprefix("# ") for line in comment.splitlines())
    return text.partition(". ")[0].removesuffix(".") + "."


def _users(package: str, name: str, kind: str) -> str:
    """Return the top packages whose code names the table, in a statement or by its class."""
    own = f"{package.replace('.', '/')}/models.py"
    imported = rf"from backend\.{re.escape(package)}\.models import (?:\([^)]*|.*)\b{kind}\b"
    in_code = re.compile(imported)
    in_sql = re.compile(IN_SQL.format(name), re.IGNORECASE)
    users = {
        file.split("/")[0]
        for file, text in _sources().items()
        if file != own and (in_sql.search(text) or in_code.search(text))
    }
    return ", ".join(sorted(users | {package.split(".")[0]}))


@cache
def _sources() -> dict[str, str]:
    """Return the code of the application by its path, without that of migrations."""
    files = (path.relative_to(BACKEND) for path in sorted(BACKEND.glob("*/**/*.py")))
    return {str(file): (BACKEND / file).read_text() for file in files
            if file.parts[0] != "migrations"}  # fmt: skip
