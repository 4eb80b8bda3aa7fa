"""The client kits: code generated from the OpenAPI document, and the queue of docs/clients."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.tools.docs_generator.api import METHODS, openapi

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "docs" / "clients"
JSON = "application/json"
BINARY = {"type": "string", "format": "binary"}


class BuildError(Exception):
    """A generator or compiler failed; the message has its last lines."""


def build_python(below: Path) -> Path:
    """Return the folder of the Python package, which `pip install` takes."""
    folder, source = _new(below / "python"), SOURCES / "python"
    document = _write(folder, with_raw_bodies(openapi()))
    program = Path(sys.executable).with_name("openapi-python-client")
    package = folder / "dosong_client"
    _run(
        [program, "generate", "--path", document, "--output-path", package, "--meta", "none",
         "--config", source / "generator.yaml", "--fail-on-warning"],
        folder,
    )  # fmt: skip
    shutil.copytree(source / "phone", package / "phone", ignore=shutil.ignore_patterns("__py*"))
    shutil.copy(SOURCES / "measure.py", package / "phone" / "measuring.py")
    shutil.copy(source / "example.py", package)
    shutil.copy(source / "pyproject.toml", folder)
    (package / "py.typed").touch()
    return folder


def build_typescript(below: Path) -> Path:
    """Return the archive of the npm package, which `npm install` takes. Needs Node and network."""
    if shutil.which("npm") is None:
        raise BuildError("Node (node, npm) is needed: sudo apt install npm")
    below.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:  # node_modules takes 50 MB
        folder = Path(place)
        shutil.copytree(SOURCES / "typescript", folder, dirs_exist_ok=True)
        shutil.copy(SOURCES / "measure.mjs", folder)
        shutil.copy(ROOT / "backend" / "static" / "do" / "sending-rules.js", folder / "src")
        _write(folder, openapi())
        _run(["npm", "ci", "--no-audit", "--no-fund"], folder)
        _run(["npm", "run", "build"], folder)
        packed = _run(["npm", "pack", "--json", "--pack-destination", below], folder)
    return below / str(json.loads(packed)[0]["filename"])


KITS: Mapping[str, Callable[[Path], Path]] = {
    "python": build_python,
    "typescript": build_typescript,
}


def with_raw_bodies(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document in which all bodies but JSON are bytes: the generator sends texts so."""
    for item in document["paths"].values():
        for method in METHODS:
            content = item.get(method, {}).get("requestBody", {}).get("content", {})
            for kind, one in content.items():
                if kind != JSON:
                    one["schema"] = BINARY
    return document


def _new(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _write(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "openapi.json"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def _run(command: list[str | Path], folder: Path) -> str:
    """Return the output of a program."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-25:]
        raise BuildError("\n".join([" ".join(map(str, command)), *lines]))
    return done.stdout
