"""Count what a reader cannot read: hints without a shape, and SQL assembled from fragments.

    python -m tests.tools.auditing.shapes     # both, by package of backend

A hint without a shape is `dict[…, Any]`, `Mapping[…, Any]` or `list[Any]` in the signature of a
function, or a result that is `Any`. `tests/test_shapes.py` lets both numbers only fall.
"""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
BACKEND = ROOT / "backend"
# Packages that hold packages.
PARENTS = {"coverage", "doors", "measurements", "reports", "server", "web"}
CONTAINERS = {"dict", "list", "Mapping"}


def shapeless(source: str) -> int:
    """Return the number of hints without a shape in the signatures of a module."""
    functions = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return sum(
        _is_any(function.returns) + sum(map(_is_shapeless, _parts(function)))
        for function in functions
    )


def _parts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """Yield each part of the hints of a function."""
    sent = function.args
    arguments = [*sent.posonlyargs, *sent.args, *sent.kwonlyargs, sent.vararg, sent.kwarg]
    hints = [argument.annotation for argument in arguments if argument]
    for hint in (*hints, function.returns):
        if hint is not None:
            yield from ast.walk(hint)


def _is_any(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Name) and node.id == "Any"


def _is_shapeless(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)):
        return False
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return node.value.id in CONTAINERS and bool(inner) and _is_any(inner[-1])


def hints_by_package() -> Counter[str]:
    """Return the number of hints without a shape by package, as `web.desk`."""
    numbers = Counter[str]()
    for path in BACKEND.rglob("*.py"):
        numbers[package_of(path)] += shapeless(path.read_text())
    return +numbers


def assembled_by_package() -> Counter[str]:
    """Return the number of statements assembled from fragments by package, also suppressed ones."""
    rule = ("check", "--quiet", "--select", "S608", "--ignore-noqa", "--output-format", "concise")
    command = [sys.executable, "-m", "ruff", *rule, "--exit-zero", str(BACKEND)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    lines = [line for line in printed.splitlines() if " S608 " in line]
    return Counter(package_of(ROOT / line.partition(":")[0]) for line in lines)


def package_of(path: Path) -> str:
    """Return the package of a module of backend; the module itself at the top."""
    parts = path.relative_to(BACKEND).with_suffix("").parts
    return ".".join(parts[: 2 if parts[0] in PARENTS else 1])


if __name__ == "__main__":
    for title, numbers in (
        ("hints without a shape", hints_by_package()),
        ("assembled SQL", assembled_by_package()),
    ):
        web = sum(n for package, n in numbers.items() if package.startswith("web."))
        print(f"{title}: {numbers.total()}, in web {web}")
        print("  " + ", ".join(f"{package} {n}" for package, n in numbers.most_common()))
