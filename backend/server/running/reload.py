"""`scripts/serve --reload`: what serves is replaced by processes with the code and settings of now.

The environment of a process cannot be changed from outside. So the settings lie in VAR_DIR until
the running `serve` takes them, which SIGHUP tells it to do; SIGHUP alone leaves them as they were.
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

from backend.server.running.instance import read_told
from backend.server.running.processes import ServeError
from config import settings

FILE = "settings.next"  # in VAR_DIR
NAMES = frozenset(setting.name for setting in settings.SETTINGS)
HELD = ("BIND", "PORT", "SPEED_PORT")  # the sockets stay while processes change
LOOK_S = 0.2


def given(before: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """The environment of the next processes; ServeError where only a restart can bring it."""
    path = Path(values["VAR_DIR"]) / FILE
    try:
        left = json.loads(path.read_text())
        path.unlink()
    except FileNotFoundError:
        return dict(before)
    environment: dict[str, str] = {
        **{name: value for name, value in before.items() if name not in NAMES},
        **left,
    }
    new = settings.read(environment)
    changed = [name for name in HELD if new[name] != values[name]]
    if (new["DATABASE_URL"] is None) != (values["DATABASE_URL"] is None):
        changed.append("DATABASE_URL")
    if changed:
        raise ServeError(f"{', '.join(changed)} cannot change while it serves; restart it instead.")
    return environment


def ask(values: Mapping[str, Any]) -> None:
    """Let the `serve` of this VAR_DIR reload, and wait until it did; ServeError where it failed."""
    var_dir = Path(values["VAR_DIR"])
    before = _running(var_dir)
    _leave({name: os.environ[name] for name in NAMES if name in os.environ}, var_dir / FILE)
    os.kill(before["pid"], signal.SIGHUP)
    while (now := _running(var_dir))["reloads"] == before["reloads"]:
        time.sleep(LOOK_S)
    if now["failed"]:
        raise ServeError(now["failed"])
    print(f"New processes serve {now['url']}.")


def _running(var_dir: Path) -> dict[str, Any]:
    told = read_told(var_dir)
    if told is None or "reloads" not in told:
        raise ServeError(f"nothing serves in {var_dir}.")
    return told


def _leave(named: Mapping[str, str], path: Path) -> None:
    """Write settings for their owner alone: passwords are among them."""
    with suppress(FileNotFoundError):
        path.unlink()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(named, file)
