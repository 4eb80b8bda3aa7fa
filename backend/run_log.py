"""Results of background commands, a small file for each in VAR_DIR; read by /metrics."""

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

FOLDER = "jobs"  # in VAR_DIR


class RunResult(TypedDict):
    """How the runs of a job ended."""

    last_success: float | None  # Unix time
    failures: int
    failing: int  # failures since the last success
    command: str  # what to type to run it


NEVER: RunResult = {"last_success": None, "failures": 0, "failing": 0, "command": "flask"}


def record_run(var_dir: Path, job: str, command: str, succeeded: bool) -> None:
    """Record how a run of a command ended; errors of writing are ignored."""
    path = var_dir / FOLDER / f"{job}.json"
    try:
        result: RunResult = {**_read(path), "command": command}
        if succeeded:
            result["last_success"] = datetime.now(UTC).timestamp()
            result["failing"] = 0
        else:
            result["failing"] += 1
            result["failures"] += 1
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            json.dump(result, file)
        Path(name).replace(path)
    except OSError:
        return


def runs(var_dir: Path) -> dict[str, RunResult]:
    """Return the results of each job; the last success is a Unix time or None."""
    return {path.stem: _read(path) for path in sorted((var_dir / FOLDER).glob("*.json"))}


def _read(path: Path) -> RunResult:
    try:
        result: RunResult = json.loads(path.read_text())
        return {**NEVER, **result}
    except (OSError, ValueError):
        return {**NEVER}
