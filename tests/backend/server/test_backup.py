"""scripts/backup and scripts/restore: the same figures again, and nobody who withdrew."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyrage.x25519 import Identity
from sqlalchemy import Engine, create_engine, text

from backend.database.migrations import latest_migration
from backend.measurements.privacy import tombstones
from backend.measurements.privacy.tombstones import TOMBSTONES
from backend.server.backup import service as backup
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.programs import binary
from tests.support.devices import ME, bearer, register_earlier, sample

ROOT = Path(__file__).parents[3]
AT = datetime(2024, 11, 20, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
COVERAGE = "/api/v1/coverage?month=2024-11&parent=19"


@pytest.fixture
def own_var(app: Flask, tmp_path: Path) -> Path:
    """A VAR_DIR of this test's own, with the key that the app has."""
    app.config["VAR_DIR"] = tmp_path / "var"
    app.config["VAR_DIR"].mkdir()
    (app.config["VAR_DIR"] / "secret_key").write_text(app.config["SECRET_KEY"])
    return Path(app.config["VAR_DIR"])


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A folder for a database that does not exist yet, and is gone afterwards."""
    path = tmp_path / "fresh"
    yield path
    server = EmbeddedPostgres(path)
    server.stop()
    shutil.rmtree(server.socket_dir, ignore_errors=True)


def measuring(client: FlaskClient, n: int) -> dict[str, Any]:
    """A phone that measured n times, far enough apart in time for all to count."""
    phone = register_earlier(client)
    for number in range(n):
        body = sample(AT - timedelta(hours=5 * number))
        answer = client.post("/api/v1/measurements", json=body, headers=bearer(phone["token"]))
        assert answer.status_code == 201
    return phone


def restored(folder: Path, var_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    command = [sys.executable, "-m", "backend.server.backup", "restore", str(folder), *words]
    environment = kept | {"VAR_DIR": str(var_dir)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def ask(url: str, statement: str) -> Any:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(text(statement)).scalar()
    finally:
        engine.dispose()


@pytest.mark.long
def test_what_is_restored_is_what_was_there_but_for_who_withdrew(
    app: Flask, client: FlaskClient, own_var: Path, fresh: Path, tmp_path: Path
) -> None:
    staying, leaving = measuring(client, 2), measuring(client, 3)
    before = client.get(COVERAGE).json
    kept = backup.make(app.config, tmp_path / "backups", 14, AT)
    assert client.delete(ME, headers=bearer(leaving["token"])).status_code == 200
    # The disaster: only the backup is left, its key, and the later list of whoever withdrew.
    backup.make(app.config, tmp_path / "backups", 14, AT + DAY)
    key = tmp_path / "paper"
    (own_var / backup.BACKUP_KEY).rename(key)
    shutil.copy(own_var / TOMBSTONES, kept.parent)
    done = restored(kept, fresh, "--key", str(key))
    assert done.returncode == 0, done.stderr
    assert "Withdrawals after 2024-11-21 07:00 UTC are not known here." in done.stdout
    assert "every figure is the same" in done.stdout and "1 devices" in done.stdout
    assert (fresh / backup.BACKUP_KEY).read_text().startswith("age1")  # the secret stays on paper
    with EmbeddedPostgres(fresh) as server:
        # Samples of the week before the withdrawal leave the counts, whenever it is repeated.
        assert ask(server.owner_url, "select count(*) from measurements") == 2
        assert str(ask(server.app_url, "select id from devices")) == staying["id"]
        sizes = "select reltuples from pg_class where relname = 'measurements'"
        assert ask(server.owner_url, sizes) == 2  # for plans: -1 before the first analyze
        noted = "select subject from audit where act = 'backup.restore'"
        assert ask(server.app_url, noted) == f"backup:{kept.name}"
        with pytest.raises(Exception, match="permission denied"):
            ask(server.app_url, "delete from audit returning 1")
        found = subprocess.run(
            [binary("pg_dump"), "--inserts", f"--dbname={backup.plain(server.owner_url)}"],
            capture_output=True, check=True, text=True,
        ).stdout  # fmt: skip
        assert staying["id"] in found
        assert leaving["id"] not in found and found.count("105.8482") == 2 * 2  # column and raw
        counted = "select sum(claimed) from unit_months"
        assert before["summary"]["counted"] == 5
        assert ask(server.owner_url, counted) == 2
        # Tags of answers are no older ones, whatever was counted after the backup.
        assert ask(server.owner_url, "select min(version) from unit_months") > AT.timestamp()


@pytest.mark.long
def test_nothing_is_restored_over_what_is_there_nor_from_what_is_damaged(
    app: Flask, client: FlaskClient, own_var: Path, tmp_path: Path
) -> None:
    kept = backup.make(app.config, tmp_path / "backups", 14, AT)
    environment = {
        "DATABASE_URL": app.config["DATABASE_URL"],
        "DATABASE_OWNER_URL": app.config["DATABASE_OWNER_URL"],
        "VAR_DIR": str(own_var),
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-m", "backend.server.backup", "restore", str(kept)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "not empty" in done.stderr
    key = ("--key", str(own_var / backup.BACKUP_KEY))
    with (kept / backup.DUMP).open("r+b") as file:
        file.write(b"X")
    done = restored(kept, tmp_path / "unused", *key)
    assert done.returncode == 1 and "damaged" in done.stderr


def test_a_backup_that_fails_leaves_nothing(
    app: Flask, own_var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    killed = [folder / f"dosong-{at:%Y%m%dT%H%M%SZ}.new" for at in (AT - 2 * DAY, AT - DAY / 2)]
    for path in killed:
        path.mkdir(parents=True)

    def full(url: str, path: Path, recipient: Any) -> None:
        path.write_bytes(b"half a dump")
        raise backup.BackupError("No space left on device")

    monkeypatch.setattr(backup, "dump", full)
    with pytest.raises(backup.BackupError):
        backup.make(app.config, folder, 14, AT)
    # What was killed long ago is swept; another one that may still be at work is not.
    assert list(folder.iterdir()) == [killed[1]]


def test_the_error_of_a_program_quotes_no_row(app: Flask) -> None:
    url, wrong = app.config["DATABASE_URL"], "do $$ begin raise 'wrong'; end $$"
    with (
        pytest.raises(backup.BackupError, match=r"psql failed[^$]*wrong") as failed,
        backup.running("psql", url, f"--command={wrong}"),
    ):
        pass
    assert "CONTEXT" not in str(failed.value)


@pytest.mark.long
def test_without_the_keys_nothing_is_restored(app: Flask, own_var: Path, tmp_path: Path) -> None:
    kept = backup.make(app.config, tmp_path / "backups", 14, AT)
    done = restored(kept, tmp_path / "unused")
    assert done.returncode == 1 and "--key " in done.stderr
    (tmp_path / "another").write_text(str(Identity.generate()))
    done = restored(kept, tmp_path / "unused", "--key", str(tmp_path / "another"))
    assert done.returncode == 1 and "does not decrypt" in done.stderr
    (kept.parent / backup.KEYS).rename(tmp_path / "elsewhere")
    key = ("--key", str(own_var / backup.BACKUP_KEY))
    done = restored(kept, tmp_path / "unused", *key)
    assert done.returncode == 1 and "--keys" in done.stderr
    # Nor with keys that whoever writes to the folder put there.
    shutil.copytree(own_var, kept.parent / "keys")
    done = restored(kept, tmp_path / "unused", *key)
    assert done.returncode == 1 and "--keys" in done.stderr
    assert not (tmp_path / "unused").exists()


@pytest.mark.slow
def test_a_dump_that_is_not_encrypted_is_refused(
    app: Flask, client: FlaskClient, own_var: Path, fresh: Path, tmp_path: Path
) -> None:
    """Anybody who writes to the folder can make one."""
    measuring(client, 1)
    made = backup.make(app.config, tmp_path / "backups", 14, AT)
    identity = Identity.from_str((own_var / backup.BACKUP_KEY).read_text().strip())
    pyrage.decrypt_file(str(made / backup.DUMP), str(made / "database.dump"), [identity])
    (made / backup.DUMP).unlink()
    manifest = json.loads((made / backup.MANIFEST).read_text())
    manifest["sha256"] = backup.sha256(made / "database.dump")
    (made / backup.MANIFEST).write_text(json.dumps(manifest))
    done = restored(made, fresh, "--key", str(own_var / backup.BACKUP_KEY))
    assert (done.returncode, fresh.exists()) == (1, False)
    assert f"{backup.DUMP} is not there" in done.stderr
    (made / "database.dump").rename(made / backup.DUMP)
    done = restored(made, fresh, "--key", str(own_var / backup.BACKUP_KEY), "--without-withdrawals")
    assert done.returncode == 1 and "Header is invalid" in done.stderr


@pytest.mark.slow
def test_a_restore_needs_the_list_of_withdrawals_after_the_latest_backup(
    app: Flask, client: FlaskClient, own_var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder and key of a lost machine do not have it where BACKUP_DIR was on the same disk."""
    first = backup.make(app.config, tmp_path / "backups", 14, AT)
    kept = backup.make(app.config, tmp_path / "backups", 14, AT + DAY)
    key = ("--key", str(own_var / backup.BACKUP_KEY))
    done = restored(first, tmp_path / "unused", *key)
    assert (done.returncode, (tmp_path / "unused").exists()) == (1, False)
    assert done.stderr.startswith(
        "Error: No list here says who withdrew after 2024-11-21 07:00 UTC, when the latest backup "
        "was made"
    )
    older = tmp_path / "older"
    shutil.copytree(own_var, older)
    (older / TOMBSTONES).write_text(f"{AT:%Y-%m-%dT%H:%M:%SZ}\n")
    done = restored(kept, tmp_path / "unused", "--keys", str(older), *key)
    assert done.returncode == 1 and "No list here" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "again", "devices", "until"),
    [((), 1, 0, "2024-11-20 13:00"), (("--without-withdrawals",), 0, 1, "2024-11-20 07:00")],
)
def test_a_lost_machine_is_restored_with_the_list_beside_the_backups_or_without(
    app: Flask, client: FlaskClient, own_var: Path, fresh: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], again: int, devices: int, until: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(tombstones, "_device", str)  # as if each folder were on a disk of its own
    app.config["BACKUP_DIR"] = tmp_path / "backups"
    leaving = measuring(client, 3)
    kept = backup.make(app.config, tmp_path / "backups", 14, AT)
    assert client.delete(ME, headers=bearer(leaving["token"])).status_code == 200
    tombstones.tombstones_of(app.config).mark_complete(AT + timedelta(hours=6))
    if words:
        (tmp_path / "backups" / TOMBSTONES).unlink()
    done = restored(kept, fresh, "--key", str(own_var / backup.BACKUP_KEY), *words)
    assert done.returncode == 0, done.stderr
    assert f"Withdrawn again, as they had after the backup: {again} devices." in done.stdout
    assert f"Withdrawals after {until} UTC are not known here." in done.stdout
    with EmbeddedPostgres(fresh) as server:
        assert ask(server.owner_url, "select count(*) from devices") == devices
        places = "select count(*) from measurements where latitude is not null"
        assert ask(server.owner_url, places) == 3 * devices


@pytest.mark.long
def test_a_former_database_is_not_restored(
    app: Flask, own_var: Path, fresh: Path, tmp_path: Path, owner: Engine
) -> None:
    revision = text("update alembic_version set version_num = :number")
    with owner.begin() as connection:
        connection.execute(revision, {"number": "0109"})
    kept = backup.make(app.config, tmp_path / "backups", 14, AT)
    with owner.begin() as connection:
        connection.execute(revision, {"number": latest_migration(f"{app.root_path}/migrations")})
    done = restored(kept, fresh, "--keys", str(own_var), "--key", str(own_var / backup.BACKUP_KEY))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "The database is at revision 0109, which this version does not know" in line
    assert "commit edf2d2f6" in line


@pytest.mark.slow
def test_a_backup_tells_what_it_holds_and_only_the_latest_stay(
    app: Flask, client: FlaskClient, own_var: Path, tmp_path: Path
) -> None:
    measuring(client, 1)
    for day in range(4):
        latest = backup.make(app.config, tmp_path / "backups", 2, AT + timedelta(days=day))
    assert len(backup.made(tmp_path / "backups")) == 2
    manifest = json.loads((latest / backup.MANIFEST).read_text())
    assert manifest["holds"]["rows"]["devices"] == 1
    assert manifest["made_by"].startswith("pg_dump (PostgreSQL) ")
    assert manifest["holds"]["counted"] == {"2024-11 mobile": 1}


@pytest.mark.slow
def test_a_folder_of_backups_reads_as_noise_without_the_key(
    app: Flask, client: FlaskClient, own_var: Path, tmp_path: Path
) -> None:
    phone = measuring(client, 1)
    (own_var / "seal_key").write_text("5ea1" * 16)
    backup.make(app.config, tmp_path / "backups", 14, AT)
    files = [path for path in (tmp_path / "backups").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {backup.DUMP, backup.MANIFEST, backup.KEYS}
    key = own_var / backup.BACKUP_KEY
    secrets = [app.config["SECRET_KEY"], "5ea1" * 4, phone["id"], "PGDMP", key.read_text().strip()]
    content = b"".join(path.read_bytes() for path in files)
    assert [secret for secret in secrets if secret.encode() in content] == []
    assert key.stat().st_mode & 0o777 == 0o600
    # With the public key alone, the machine that makes backups cannot read them.
    identity = Identity.from_str(key.read_text().strip())
    key.write_text(f"{identity.to_public()}\n")
    made = backup.make(app.config, tmp_path / "backups", 14, AT + DAY)
    assert pyrage.decrypt((made / backup.DUMP).read_bytes(), [identity])[:5] == b"PGDMP"
    key.write_text("AGE-SECRET")
    with pytest.raises(backup.BackupError, match="has no key of age"):
        backup.make(app.config, tmp_path / "backups", 14, AT + 2 * DAY)
