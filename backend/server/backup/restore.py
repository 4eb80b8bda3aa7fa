"""Restore a backup into an empty database and compare it with its manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from flask_migrate import upgrade

from backend.measurements.privacy.withdrawal import TOMBSTONES, Tombstones, withdraw_again
from backend.server.backup.dump import (
    DUMP,
    KEYS,
    MANIFEST,
    BackupError,
    addresses,
    figures,
    keys_in,
    plain,
    run,
    sha256,
)
from config import settings


def restore(backup: Path | None, keys: Path | None) -> Iterator[str]:
    """Restore a backup into an empty database; yield a line for each step."""
    if backup is None or not (backup / MANIFEST).is_file():
        raise BackupError(f"{backup} is no backup: name a folder with a {MANIFEST}.")
    manifest = json.loads((backup / MANIFEST).read_text())
    if sha256(backup / DUMP) != manifest["sha256"]:
        raise BackupError(f"{backup / DUMP} is damaged: its digest is not the manifest's.")
    _put_keys(keys or backup.parent / KEYS)
    values = settings.read()
    with addresses(values) as urls:
        url = urls["DATABASE_OWNER_URL"]
        with psycopg.connect(plain(url)) as connection:
            _check_empty(connection)
        words = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        run("pg_restore", url, *words, backup / DUMP)
        with psycopg.connect(plain(url)) as connection:
            _compare(figures(connection), manifest["holds"])
        yield f"Restored what was there at {manifest['made_at']}; every figure is the same."
        yield from _bring_up_to_date(urls)


def _put_keys(keys: Path) -> None:
    """Copy the keys to VAR_DIR before the app makes new ones."""
    if not keys.is_dir():
        raise BackupError(
            f"{keys} is not there: name the folder of the keys with --keys. Without it the "
            "data of people who withdrew after the backup would be restored."
        )
    var_dir = settings.var_dir()
    var_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    for source in keys_in(keys):
        target = var_dir / source.name
        if target.exists() and source.name == TOMBSTONES:
            _merge(source, target)
        elif target.exists() and target.read_bytes() != source.read_bytes():
            raise BackupError(f"{target} is another key than {source}: move one of them away.")
        elif not target.exists():
            shutil.copyfile(source, target)
            target.chmod(0o600)


def _merge(source: Path, target: Path) -> None:
    """Merge two lists of withdrawals."""
    lines = {*source.read_text().splitlines(), *target.read_text().splitlines()}
    target.write_text("".join(f"{line}\n" for line in sorted(lines)))


def _check_empty(connection: psycopg.Connection) -> None:
    found = connection.execute("select 1 from pg_tables where schemaname = 'public'").fetchone()
    if found:
        raise BackupError(
            "The database is not empty. Name an empty one with DATABASE_URL, or a new folder with "
            "VAR_DIR: existing data are never overwritten."
        )


def _compare(found: dict[str, Any], expected: dict[str, Any]) -> None:
    if found != expected:
        raise BackupError(f"The restored figures differ: {found} instead of {expected}")


def _bring_up_to_date(urls: dict[str, Any]) -> Iterator[str]:
    """Migrate, and withdraw again the devices that withdrew after the backup."""
    from backend.app import create_app

    app = create_app(**urls)
    with app.app_context():
        upgrade()
        tombstones = Tombstones(app.config["VAR_DIR"] / TOMBSTONES, app.config["SECRET_KEY"])
        again = withdraw_again(tombstones, datetime.now(UTC))
    yield f"Withdrawn again, as they had after the backup: {again} devices."
