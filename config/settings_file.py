"""The file of settings, which every way of starting reads, and the one of secrets beside it.

Lines `NAME=value`, with quotes where a value needs them, and comments. scripts/settings writes both
(backend/server/running/settings_command.py), so they are read and written here alone.
"""

import os
import re
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path

# In VAR_DIR; SETTINGS_FILE names another file of settings, which then has its secrets beside it.
SETTINGS, SECRETS = "settings.env", "secrets.env"
LINE = re.compile(r"\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=(.*)")


class FileError(ValueError):
    """A line cannot be read; the message names it."""


def read_file(path: Path) -> dict[str, str]:
    """Return the values of a file by name; none where it is not there."""
    values: dict[str, str] = {}
    if not path.is_file():
        return values
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(line)
        try:
            if found is None:
                raise ValueError
            values[found[1]] = " ".join(shlex.split(found[2]))
        except ValueError:
            raise FileError(f"{path}, line {number} is not NAME=value") from None
    return values


def write_file(path: Path, changes: Mapping[str, str]) -> None:
    """Set values of a file, or remove empty ones; comments and other lines stay.

    It is readable by the owner of the folder alone, also where root writes it.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    kept = [line for line in lines if _name(line) not in changes]
    kept += [f"{name}={shlex.quote(value)}" for name, value in changes.items() if value]
    handle, fresh = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in kept)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
    Path(fresh).replace(path)


def _name(line: str) -> str | None:
    found = LINE.fullmatch(line)
    return found[1] if found else None
