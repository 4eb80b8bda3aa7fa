"""`scripts/serve --reload`: replace the servers by processes with present code and settings.

The environment of a process cannot be changed from outside: the settings are written to a file in
VAR_DIR, and `serve` reads them at SIGHUP. Without the file SIGHUP keeps the settings.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from backend.server.running.instance import read_instance
from backend.server.running.processes import ServeError
from config import settings

FILE = "settings.next"  # in VAR_DIR
NAMES = frozenset(setting.name for setting in settings.SETTINGS)
FIXED = ("BIND", "PORT", "SPEED_PORT")  # sockets are kept
POLL_S = 0.2


def new_environment(before: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment of the next processes; ServeError where a restart is needed."""
    path = Path(values["VAR_DIR"]) / FILE
    try:
        written = json.loads(path.read_text())
        path.unlink()
    except FileNotFoundError:
        return dict(before)
    environment: dict[str, str] = {
        **{name: value for name, value in before.items() if name not in NAMES},
        **written,
    }
    new = settings.read(environment)
    changed = [name for name in FIXED if new[name] != values[name]]
    if (new["DATABASE_URL"] is None) != (values["DATABASE_URL"] is None):
        changed.append("DATABASE_URL")
    if changed:
        raise ServeError(f"{', '.join(changed)} cannot change while it serves; restart it instead.")
    return environment


def request_reload(values: Mapping[str, Any]) -> None:
    """Reload the `serve` of this VAR_DIR and wait for it; ServeError where it failed."""
    var_dir = Path(values["VAR_DIR"])
    before = _running(var_dir)
    _write({name: os.environ[name] for name in NAMES if name in os.environ}, var_dir / FILE)
    os.kill(before["pid"], signal.SIGHUP)
    while (now := _running(var_dir))["reloads"] == before["reloads"]:
        time.sleep(POLL_S)
    if now["failed"]:
        raise ServeError(now["failed"])
    print(f"New processes serve {now['url']}.")


def _running(var_dir: Path) -> dict[str, Any]:
    facts = read_instance(var_dir)
    if facts is None or "reloads" not in facts:
        raise ServeError(f"nothing serves in {var_dir}.")
    return facts


def _write(values: Mapping[str, str], path: Path) -> None:
    """Write settings, readable by the owner only: they contain passwords."""
    with suppress(FileNotFoundError):
        path.unlink()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(values, file)
