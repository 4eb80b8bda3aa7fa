"""How the work beside the web server went, a small file a job in VAR_DIR: read by /metrics."""

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = "jobs"  # in VAR_DIR
# Of a job: when it last went well, how often it did not, and how often since it went well.
NEVER: dict[str, Any] = {"last_success": None, "failures": 0, "failing": 0}


def note_run(var_dir: Path, job: str, succeeded: bool) -> None:
    """Note how a run ended; that it cannot be noted must not make it fail."""
    path = var_dir / FOLDER / f"{job}.json"
    try:
        told = _read(path)
        if succeeded:
            told["last_success"] = datetime.now(UTC).timestamp()
            told["failing"] = 0
        else:
            told["failing"] += 1
            told["failures"] += 1
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            json.dump(told, file)
        Path(name).replace(path)
    except OSError:
        return


def runs(var_dir: Path) -> dict[str, dict[str, Any]]:
    """How the runs of each job went; the last success is a moment in seconds, or null."""
    return {path.stem: _read(path) for path in sorted((var_dir / FOLDER).glob("*.json"))}


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text())
        return NEVER | told
    except (OSError, ValueError):
        return dict(NEVER)
