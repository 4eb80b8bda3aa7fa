"""Make backups of the database; restore one into an empty database and compare the figures.

A backup is a folder with a dump by pg_dump and a manifest of its row counts. Beside it are the keys
and the list of withdrawn devices. Dump and keys are encrypted (age): only `VAR_DIR/backup_key`,
which is in no backup, reads them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

import psycopg
import pyrage
from flask_migrate import upgrade
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from backend.accounts.audit import record_command
from backend.database.extensions import db
from backend.measurements.privacy.tombstones import (
    TOMBSTONES,
    Tombstones,
    complete_until,
    tombstones_of,
)
from backend.measurements.privacy.withdrawal import withdraw_again
from backend.measurements.recording.counting import raise_versions
from backend.outbox import service as outbox
from backend.server.postgres.embedded import database_urls
from backend.server.postgres.programs import ENVIRONMENT, binary, call
from config import settings

DUMP, MANIFEST, KEYS = "database.dump.age", "manifest.json", "keys.age"
BACKUP_KEY = "backup_key"  # in VAR_DIR
KEPT_APART = ("secret_key", TOMBSTONES)  # and the keys of reports' seals
# Data of withdrawn people are deleted with the backups; the law allows fifteen days.
KEEP = 14
NEW = ".new"  # while incomplete
# An incomplete backup of this age was interrupted.
INTERRUPTED_AFTER = timedelta(days=1)


class Figures(TypedDict):
    """What a database holds, to be compared after a restore."""

    rows: dict[str, int]  # by table
    counted: dict[str, int]  # samples by month and network, such as "2026-10 mobile"


class Manifest(TypedDict):
    """The file beside a dump."""

    made_at: str
    sha256: str  # of the encrypted dump
    holds: Figures
    made_by: str  # the program, of which an older one cannot read the dump


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
    var_dir = Path(values["VAR_DIR"])
    try:
        tombstones_of(values).mark_complete(now)
        recipient = backup_recipient(var_dir / BACKUP_KEY)
        with database_urls(values) as urls:
            rows = dump(urls["DATABASE_OWNER_URL"], fresh / DUMP, recipient)
        manifest: Manifest = {
            "made_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "sha256": sha256(fresh / DUMP),
            "holds": rows,
            "made_by": call("pg_dump", "--version").stdout,
        }
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        keys = json.dumps(read_keys(var_dir)).encode()
        (fresh / KEYS).write_bytes(pyrage.encrypt(keys, [recipient]))
        (fresh / KEYS).rename(folder / KEYS)  # beside the backups: the latest ones serve for all
        fresh.rename(target)
    except BaseException:  # half a dump would fill the disk
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    for old in made(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def _name(made_at: datetime) -> str:
    return f"dosong-{made_at:%Y%m%dT%H%M%SZ}"


def backup_recipient(path: Path) -> Any:
    """Return the public key that encrypts backups; its secret key is made at first use.

    The file may have the public key alone (age1…): then this machine cannot read its backups.
    """
    if not path.exists():
        identity = pyrage.x25519.Identity.generate()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{identity}\n")
    written = path.read_text().strip()
    try:
        if written.startswith("age1"):
            return pyrage.x25519.Recipient.from_str(written)
        return pyrage.x25519.Identity.from_str(written).to_public()
    except (pyrage.IdentityError, pyrage.RecipientError) as error:
        raise BackupError(
            f"{path} has no key of age ({error}): put it back, or remove it."
        ) from error


def dump(url: str, path: Path, recipient: Any) -> Figures:
    """Dump a snapshot of the database, encrypted, and return its row counts."""
    with psycopg.connect(plain(url)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        [snapshot] = connection.execute("select pg_export_snapshot()").fetchone() or ("",)
        # A third of the CPU time of the default level, for 12 % more bytes.
        words = ("-Fc", "--compress=1", f"--snapshot={snapshot}")
        with path.open("wb") as file, running("pg_dump", url, *words) as pg_dump:
            pyrage.encrypt_io(pg_dump.stdout, file, [recipient])
        return figures(connection)


def made(folder: Path) -> list[Path]:
    """Return the complete backups of a folder, the oldest first."""
    return sorted(path.parent for path in folder.glob(f"dosong-*Z/{MANIFEST}"))


def figures(connection: psycopg.Connection) -> Figures:
    """Return rows by table and counted samples by month, to compare after a restore."""
    tables = connection.execute(
        "select tablename from pg_tables where schemaname = 'public' order by 1"
    ).fetchall()
    rows: dict[str, int] = {}
    for (table,) in tables:
        count = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        [rows[table]] = connection.execute(count).fetchone() or (0,)
    counted = connection.execute(
        "select to_char(day, 'YYYY-MM') || ' ' || network, count(*) from measurements"
        " where counted group by 1 order by 1"
    ).fetchall()
    return {"rows": rows, "counted": dict(counted)}


def read_keys(folder: Path) -> dict[str, str]:
    """Return the keys in a VAR_DIR that a restored database needs, by name."""
    named = {*(folder / name for name in KEPT_APART), *folder.glob("seal_key*")}
    return {path.name: path.read_text() for path in sorted(named) if path.is_file()}


@contextmanager
def running(program: str, url: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of PostgreSQL on a database; the password is not visible in `ps`.

    It is killed if the block fails, so that pg_restore commits nothing.
    """
    address = conninfo_to_dict(plain(url))
    environment = ENVIRONMENT | {"PGPASSWORD": str(address.pop("password", ""))}
    named = " ".join(f"{name}='{value}'" for name, value in address.items())
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 - fixed words and paths of ours
            [binary(program), f"--dbname={named}", *arguments],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            start_new_session=True,  # the caller handles Ctrl-C
        )  # fmt: skip
        try:
            yield process
            process.communicate()
            problem = f"status {process.returncode}" if process.returncode else None
        except Exception as error:
            problem = str(error)
        finally:
            process.kill()
            process.communicate()
        if problem is not None:
            errors.seek(0)
            lines = errors.read().decode(errors="replace").splitlines()
            # A context quotes rows, which the output of a restore then shows to others.
            said = "\n".join(line for line in lines if not line.startswith("CONTEXT"))
            raise BackupError(f"{program} failed ({problem}).\n{said}")


def plain(url: str) -> str:
    """Return a URL for PostgreSQL's programs."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore(
    backup: Path | None, key: Path | None, keys: Path | None, *, without_withdrawals: bool = False
) -> Iterator[str]:
    """Restore a backup into an empty database; yield a line for each step.

    `key` is the file that decrypts it, `keys` a VAR_DIR whose keys are used instead of those beside
    the backup. Only the list of withdrawals is read unencrypted: its hashes have a key. Anybody who
    writes to the folder could make the rest.
    """
    if backup is None:
        raise BackupError("Name the backup to restore: a folder with a manifest.json.")
    manifest = _checked_manifest(backup)
    identity = _read_identity(key or settings.var_dir() / BACKUP_KEY)
    found_keys = _keys_of(backup.parent, identity, keys)
    withdrawals = _withdrawals(backup, keys, without_withdrawals)
    withdrawals |= set(found_keys.get(TOMBSTONES, "").splitlines())
    _put_keys(found_keys | {TOMBSTONES: "".join(f"{line}\n" for line in sorted(withdrawals))})
    # The next backups have the same key; its secret stays where it is kept.
    _put(settings.var_dir() / BACKUP_KEY, f"{identity.to_public()}\n")
    with database_urls(settings.read()) as urls:
        url = urls["DATABASE_OWNER_URL"]
        _fill(url, backup / DUMP, identity, manifest["holds"])
        yield f"Restored what was there at {manifest['made_at']}; every figure is the same."
        yield from _bring_up_to_date(urls, backup.absolute().name, manifest)
        yield f"Withdrawals after {_minute(complete_until(withdrawals))} are not known here."
        with psycopg.connect(plain(url)) as connection:
            connection.execute("analyze")  # until autovacuum comes, plans would know no sizes


def _checked_manifest(backup: Path) -> Manifest:
    """Return the manifest of a backup whose dump is whole."""
    if not (backup / MANIFEST).is_file():
        raise BackupError(f"{backup} is no backup: name a folder with a {MANIFEST}.")
    manifest: Manifest = json.loads((backup / MANIFEST).read_text())
    path = backup / DUMP
    if not path.is_file():
        raise BackupError(f"{path} is not there.")
    if sha256(path) != manifest["sha256"]:
        raise BackupError(f"{path} is damaged: its digest is not the manifest's.")
    return manifest


def _fill(url: str, dump: Path, identity: Any, expected: Figures) -> None:
    """Restore a dump into an empty database, and compare its figures with those of the manifest."""
    with psycopg.connect(plain(url)) as connection:
        tables = "select 1 from pg_tables where schemaname = 'public'"
        if connection.execute(tables).fetchone():
            raise BackupError(
                "The database is not empty. Name an empty one with DATABASE_URL, or a new "
                "folder with VAR_DIR: existing data are never overwritten."
            )
    words = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    with dump.open("rb") as file, running("pg_restore", url, *words) as pg_restore:
        pyrage.decrypt_io(file, pg_restore.stdin, [identity])
    with psycopg.connect(plain(url)) as connection:
        found = figures(connection)
    if found != expected:
        raise BackupError(f"The restored figures differ: {found} instead of {expected}")


def _read_identity(path: Path) -> Any:
    try:
        return pyrage.x25519.Identity.from_str(path.read_text().strip())
    except (OSError, pyrage.IdentityError) as error:
        raise BackupError(
            f"{path} has no secret key (AGE-SECRET-KEY-1…) that decrypts the backup: name with "
            f"--key the copy of {BACKUP_KEY} that you keep outside of the machine."
        ) from error


def _keys_of(folder: Path, identity: Any, keys: Path | None) -> dict[str, str]:
    """Return the keys for a restored database by name: those of a VAR_DIR, or of the backups."""
    encrypted = folder / KEYS
    if keys is None and encrypted.is_file():
        try:
            found: dict[str, str] = json.loads(pyrage.decrypt(encrypted.read_bytes(), [identity]))
            return found
        except pyrage.DecryptError as error:
            raise BackupError(f"The key does not decrypt {encrypted}: {error}") from error
    if keys is None or not keys.is_dir():
        raise BackupError(
            f"The keys of the backup ({KEYS} beside it) are not there: name a VAR_DIR with --keys. "
            "Without them the data of people who withdrew after the backup would be restored."
        )
    return read_keys(keys)


def _withdrawals(backup: Path, keys: Path | None, without: bool) -> set[str]:
    """Return the list of withdrawals as it went on after the latest backup of a folder.

    From the VAR_DIR that is named, from beside the backups, or from the VAR_DIR to restore into.
    """
    lines: set[str] = set()
    for place in (keys, backup.parent, settings.var_dir()):
        if place is not None and (place / TOMBSTONES).is_file():
            lines |= set((place / TOMBSTONES).read_text().splitlines())
    manifests = [
        json.loads((path / MANIFEST).read_text()) for path in {*made(backup.parent), backup}
    ]
    latest = max(datetime.fromisoformat(one["made_at"]) for one in manifests)
    until = complete_until(lines)
    if not without and (until is None or until < latest):
        raise BackupError(
            f"No list here says who withdrew after {_minute(latest)}, when the latest backup was "
            "made: their data would be back. Name the VAR_DIR of the former machine with --keys, "
            f"or put its file {TOMBSTONES} beside the backups. If that is lost, restore with "
            "--without-withdrawals, and see docs/operator.md, When the machine is lost."
        )
    return lines


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "the backup"


def _put_keys(keys: Mapping[str, str]) -> None:
    """Write the keys to VAR_DIR before the app makes new ones."""
    var_dir = settings.var_dir()
    settings.make_private(var_dir)
    for name, content in keys.items():
        target = var_dir / name
        if target.exists() and name == TOMBSTONES:
            lines = {*content.splitlines(), *target.read_text().splitlines()}
            target.write_text("".join(f"{line}\n" for line in sorted(lines)))
        elif target.exists() and target.read_text() != content:
            raise BackupError(f"{target} is another key than that of the backup: move it away.")
        else:
            _put(target, content)


def _put(path: Path, content: str) -> None:
    """Write a file for its owner alone, unless it is there."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(content)


def _bring_up_to_date(urls: dict[str, Any], name: str, manifest: Manifest) -> Iterator[str]:
    """Migrate, note the restore, and withdraw again the devices that withdrew after the backup.

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
        about = {"made_at": manifest["made_at"], "sha256": manifest["sha256"]}
        record_command("backup.restore", f"backup:{name}", **about)
        db.session.commit()
    yield f"Withdrawn again, as they had after the backup: {again} devices."
