"""Write the file of settings: `python -m backend.server.running.settings_command NAME=value …`.

Without arguments it prints what the file says. Nothing is written that the server would refuse.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from config import settings
from config.settings_file import write_file

USAGE = """scripts/settings                       show the settings of the file, and check them
scripts/settings NAME=value [NAME=…]   write them into the file; NAME= removes one

The names are those of docs/operator.md, Settings; quote a value with spaces: OPERATOR_NAME="Sở …".
The server reads the file as it starts, and again by scripts/serve --reload."""


def main(arguments: Sequence[str]) -> int:
    """Show or change the settings; return the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(USAGE)
        return 0
    path = settings.settings_file(os.environ)
    try:
        if arguments:
            _write(path, _changes(arguments))
        for name, value in sorted(settings.read_files(path).items()):
            print(f"{name}={'(secret)' if name in settings.SECRETS else value}")
        _check({**settings.read_files(path), **_given(os.environ)})
    except (settings.SettingError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _changes(arguments: Sequence[str]) -> dict[str, str]:
    changes: dict[str, str] = {}
    for argument in arguments:
        name, is_one, value = argument.partition("=")
        if not is_one:
            raise settings.SettingError(
                f"{argument} is not NAME=value: see scripts/settings --help"
            )
        if "\n" in value:
            raise settings.SettingError(f"{name} has several lines")
        settings.require_known(name, "the command")
        changes[name] = value.strip()
    return changes


def _write(path: Path, changes: Mapping[str, str]) -> None:
    """Write changes that the server will take; secrets into the file beside."""
    after = {**settings.read_files(path), **_given(os.environ), **changes}
    _check({name: value for name, value in after.items() if value})
    settings.make_private(path.parent)
    secrets = {name: value for name, value in changes.items() if name in settings.SECRETS}
    open_ones = {name: "" if name in secrets else value for name, value in changes.items()}
    for file, values in ((path, open_ones), (settings.secrets_file(path), secrets)):
        if values and (file.is_file() or any(values.values())):
            write_file(file, values)
    print(f"Written to {path}. It applies after a restart or: scripts/serve --reload\n")


def _check(values: Mapping[str, str]) -> None:
    """Raise what the start of the server would: SettingError."""
    settings.evaluate(values, SECRET_KEY=values.get("SECRET_KEY") or "0" * settings.MIN_KEY_BYTES)


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    names = {setting.name for setting in settings.SETTINGS}
    return {name: value for name, value in environ.items() if name in names and value}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
