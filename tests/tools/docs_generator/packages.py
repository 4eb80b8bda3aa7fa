"""The table of packages, from the import contracts and the docstrings of the packages."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.tools.docs_generator.tables import markdown

ROOT = Path(__file__).parents[3]
BACKEND = ROOT / "backend"


def table() -> str:
    """Return every package and root module of backend with its contents, the lowest first."""
    return markdown("package | contents", _rows())


def _rows() -> Iterator[tuple[str, str]]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = {
        contract["containers"][0].removeprefix("backend").removeprefix("."): contract["layers"]
        for contract in contracts["contracts"]
        if contract["type"] == "layers"
    }
    layers["doors"] = sorted(path.parent.name for path in BACKEND.glob("doors/*/__init__.py"))
    for name in _names(layers[""]):
        inner = layers.get(name, [])
        yield f"`{name}{'/' if inner else ''}`", _line(name)
        for part in _names(inner):
            yield f"`{name}/{part}`", _line(f"{name}/{part}")


def _names(layers: list[str]) -> Iterator[str]:
    """Yield the names of layers, the lowest first; those of one layer in their order."""
    for layer in reversed(layers):
        yield from (name.strip() for name in layer.split("|"))


def _line(name: str) -> str:
    """Return the first line of the docstring of a module or package, without its full stop."""
    folder = BACKEND / name
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, f"{path} has no docstring"
    return docstring.partition("\n")[0].removesuffix(".")
