"""Make backups of the database; restore one into an empty database and compare the figures.

A backup is a folder with a dump by pg_dump and a manifest of its row counts. The keys and the list
of withdrawn devices are stored apart, in `keys`: a stolen dump alone reveals no code.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from flask_migrate import upgrade
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from backend.database.extensions import db
from backend.measurements.privacy.withdrawal import TOMBSTONES, Tombstones, withdraw_again
from backend.measurements.recording.counting import raise_versions
from backend.outbox import service as outbox
from backend.server.postgres.embedded import database_urls
from backend.server.postgres.programs import call
from config import settings

DUMP, MANIFEST, KEYS = "database.dump", "manifest.json", "keys"
KEPT_APART = ("secret_key", TOMBSTONES)  # and the keys of reports' seals
# Data of withdrawn people are deleted with the backups; the law allows fifteen days.
KEEP = 14
NEW = ".new"  # while incomplete
# An incomplete backup of this age was interrupted.
INTERRUPTED_AFTER = timedelta(days=1)


class BackupError(RuntimeError):
    """A backup or restore failed; the message says what to do."""


def make(values: Mapping[str, Any], folder: Path, keep: int, now: datetime) -> Path:
    """Write a new backup into a folder, delete the oldest ones, and return its path."""
    target = folder / _name(now)
    fresh = target.with_suffix(NEW)  # renamed when complete
    for left in folder.glob(f"dosong-*{NEW}"):
        if left.stem < _name(now - INTERRUPTED_AFTER):
            shutil.rmtree(left)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        with database_urls(values) as urls:
            rows = dump(urls["DATABASE_OWNER_URL"], fresh / DUMP)
        digest = sha256(fresh / DUMP)
        manifest = {"made_at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "sha256": digest, "holds": rows}
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        copy_keys(Path(values["VAR_DIR"]), folder / KEYS)
        fresh.rename(target)
    except BaseException:  # half a dump would fill the disk
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    for old in made(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def _name(made_at: datetime) -> str:
    return f"dosong-{made_at:%Y%m%dT%H%M%SZ}"


def dump(url: str, path: Path) -> dict[str, Any]:
    """Dump a snapshot of the database and return its row counts."""
    with psycopg.connect(plain(url)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        [snapshot] = connection.execute("select pg_export_snapshot()").fetchone() or ("",)
        # A third of the CPU time of the default level, for 12 % more bytes.
        run("pg_dump", url, "-Fc", "--compress=1", f"--snapshot={snapshot}", "-f", path)
        return figures(connection)


def made(folder: Path) -> list[Path]:
    """Return the complete backups of a folder, the oldest first."""
    return sorted(path.parent for path in folder.glob(f"dosong-*Z/{MANIFEST}"))


def figures(connection: psycopg.Connection) -> dict[str, Any]:
    """Return rows by table and counted samples by month, to compare after a restore."""
    tables = connection.execute(
        "select tablename from pg_tables where schemaname = 'public' order by 1"
    ).fetchall()
    rows = {}
    for (table,) in tables:
        count = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        [rows[table]] = connection.execute(count).fetchone() or (0,)
    counted = connection.execute(
        "select to_char(day, 'YYYY-MM') || ' ' || network, count(*) from measurements"
        " where counted group by 1 order by 1"
    ).fetchall()
    return {"rows": rows, "counted": dict(counted)}


def copy_keys(var_dir: Path, folder: Path) -> None:
    """Copy the keys that a restored database needs, readable by the owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in keys_in(var_dir):
        copy = folder / path.name
        shutil.copyfile(path, copy)
        copy.chmod(0o600)


def keys_in(folder: Path) -> list[Path]:
    """Return the keys in a folder of backups or a VAR_DIR."""
    named = {*(folder / name for name in KEPT_APART), *folder.glob("seal_key*")}
    return sorted(path for path in named if path.is_file())


def run(program: str, url: str, *arguments: object) -> None:
    """Run a program of PostgreSQL on a database; the password is not visible in `ps`."""
    address = conninfo_to_dict(plain(url))
    environment = {"PGPASSWORD": str(address.pop("password", ""))}
    named = " ".join(f"{name}='{value}'" for name, value in address.items())
    done = call(program, f"--dbname={named}", *arguments, environment=environment)
    if done.returncode != 0:
        raise BackupError(f"{program} failed:\n{done.stdout}")


def plain(url: str) -> str:
    """Return a URL for PostgreSQL's programs."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore(backup: Path | None, keys: Path | None) -> Iterator[str]:
    """Restore a backup into an empty database; yield a line for each step."""
    if backup is None or not (backup / MANIFEST).is_file():
        raise BackupError(f"{backup} is no backup: name a folder with a {MANIFEST}.")
    manifest = json.loads((backup / MANIFEST).read_text())
    if sha256(backup / DUMP) != manifest["sha256"]:
        raise BackupError(f"{backup / DUMP} is damaged: its digest is not the manifest's.")
    _put_keys(keys or backup.parent / KEYS)
    values = settings.read()
    with database_urls(values) as urls:
        url = urls["DATABASE_OWNER_URL"]
        with psycopg.connect(plain(url)) as connection:
            tables = "select 1 from pg_tables where schemaname = 'public'"
            if connection.execute(tables).fetchone():
                raise BackupError(
                    "The database is not empty. Name an empty one with DATABASE_URL, or a new "
                    "folder with VAR_DIR: existing data are never overwritten."
                )
        words = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        run("pg_restore", url, *words, backup / DUMP)
        with psycopg.connect(plain(url)) as connection:
            found, expected = figures(connection), manifest["holds"]
        if found != expected:
            raise BackupError(f"The restored figures differ: {found} instead of {expected}")
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
    settings.make_private(var_dir)
    for source in keys_in(keys):
        target = var_dir / source.name
        if target.exists() and source.name == TOMBSTONES:
            lines = {*source.read_text().splitlines(), *target.read_text().splitlines()}
            target.write_text("".join(f"{line}\n" for line in sorted(lines)))
        elif target.exists() and target.read_bytes() != source.read_bytes():
            raise BackupError(f"{target} is another key than {source}: move one of them away.")
        elif not target.exists():
            shutil.copyfile(source, target)
            target.chmod(0o600)


def _bring_up_to_date(urls: dict[str, Any]) -> Iterator[str]:
    """Migrate, and withdraw again the devices that withdrew after the backup.

    Events continue with higher numbers than readers can have seen, and versions of counts.
    """
    from backend.app import create_app

    app = create_app(**urls)
    with app.app_context():
        upgrade()
        tombstones = Tombstones(app.config["VAR_DIR"] / TOMBSTONES, app.config["SECRET_KEY"])
        again = withdraw_again(tombstones, datetime.now(UTC))
        outbox.skip_numbers()
        raise_versions()
        db.session.commit()
    yield f"Withdrawn again, as they had after the backup: {again} devices."
