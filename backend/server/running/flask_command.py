"""Run a `flask` command with the embedded database.

Example: `python -m backend.server.running.flask_command units list`.

The database is started for the command where no `serve` runs, and stopped afterwards.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from backend.run_log import record_run
from backend.server.postgres.embedded import PostgresError, database_urls
from config import settings

ROOT = Path(__file__).parents[3]
# Commands of timers, recorded for /metrics.
JOBS: dict[tuple[str, ...], str] = {
    ("privacy", "expire"): "expire",
    ("measurements", "recount"): "recount",
    ("signals", "find"): "signals",
    ("coverage", "digest"): "digest",
    ("reports", "deadlines"): "deadlines",
}


def main(arguments: list[str]) -> int:
    """Return the exit status of the command; 1 without a database."""
    try:
        values = settings.read()
    except settings.SettingError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    status = 1
    try:
        with database_urls(values) as urls:
            status = flask(arguments, urls)
    except PostgresError as error:
        print(f"Error: {error}", file=sys.stderr)
    if (job := JOBS.get(tuple(arguments[:2]))) is not None:
        command = shlex.join(("flask", *arguments))
        record_run(values["VAR_DIR"], job, command, status == 0)
    return status


def flask(arguments: list[str], urls: dict[str, str]) -> int:
    """Run flask as a child process, which handles Ctrl-C."""
    command = [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), *arguments]
    environment = dict(os.environ, **urls)
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
