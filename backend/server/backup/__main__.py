"""Back up the database, and restore a backup: `python -m backend.server.backup make|restore`."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from backend.server.backup.service import (
    BACKUP_KEY,
    KEEP,
    BackupError,
    make,
    restore,
)
from backend.server.postgres.embedded import PostgresError
from config import settings


def _at_least_one(written: str) -> int:
    number = int(written)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1: the new backup is kept")
    return number


def main(arguments: list[str]) -> int:
    """Run a command; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/backup")
    parser.add_argument("what", choices=("make", "restore"))
    parser.add_argument(
        "folder", nargs="?", type=Path, help="folder of the backups, or the backup to restore"
    )
    parser.add_argument(
        "--keep", type=_at_least_one, default=KEEP, help="number of backups to keep"
    )
    parser.add_argument("--key", type=Path, help=f"copy of VAR_DIR/{BACKUP_KEY}, to restore")
    parser.add_argument("--keys", type=Path, help="VAR_DIR whose other keys are restored")
    parser.add_argument(
        "--without-withdrawals", action="store_true",
        help="restore although no list says who withdrew since the latest backup",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    os.umask(0o077)
    try:
        if options.what == "restore":
            lost = options.without_withdrawals
            for line in restore(
                options.folder, options.key, options.keys, without_withdrawals=lost
            ):
                print(line, flush=True)
            return 0
        values = settings.read()
        folder = options.folder or Path(values["BACKUP_DIR"] or values["VAR_DIR"] / "backups")
        target = make(values, folder.absolute(), options.keep, datetime.now(UTC))
        print(
            f"{target}\nOnly the secret key of {values['VAR_DIR'] / BACKUP_KEY} decrypts it. Keep "
            "a copy of it outside of this machine, on paper too: no backup is restored without it."
        )
        return 0
    except (BackupError, PostgresError, settings.SettingError, psycopg.Error, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
