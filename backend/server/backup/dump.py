"""Make backups of the database.

A backup is a folder with a dump by pg_dump and a manifest of its row counts. The keys and the list
of withdrawn devices are stored apart, in `keys`: a stolen dump alone reveals no code.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from backend.measurements.privacy.withdrawal import TOMBSTONES
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.programs import call

DUMP, MANIFEST, KEYS = "database.dump", "manifest.json", "keys"
KEPT_APART = ("secret_key", TOMBSTONES)  # and the keys of reports' seals
# Data of withdrawn people are deleted with the backups; the law allows fifteen days.
KEEP = 14
NEW = ".new"  # while incomplete
# An incomplete backup of this age was interrupted.
INTERRUPTED_AFTER = timedelta(days=1)


class BackupError(RuntimeError):
    """A backup or restore failed; the message says what to do."""


@contextmanager
def addresses(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the URLs of the database as settings; the embedded one runs meanwhile."""
    if values["DATABASE_URL"] is not None:
        yield {name: values[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
        return
    postgres = EmbeddedPostgres(values["VAR_DIR"])
    was_running = postgres.running()
    postgres.start()
    try:
        yield {"DATABASE_URL": postgres.app_url, "DATABASE_OWNER_URL": postgres.owner_url}
    finally:
        if not was_running:
            postgres.stop()


def make(values: Mapping[str, Any], folder: Path, keep: int, now: datetime) -> Path:
    """Write a new backup into a folder, delete the oldest ones, and return its path."""
    target = folder / _name(now)
    fresh = target.with_suffix(NEW)  # renamed when complete
    for left in folder.glob(f"dosong-*{NEW}"):
        if left.stem < _name(now - INTERRUPTED_AFTER):
            shutil.rmtree(left)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        with addresses(values) as urls:
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
