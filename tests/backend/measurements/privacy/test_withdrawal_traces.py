"""After a withdrawal nothing that is kept tells of the person: dump, files, exports and logs."""

import gzip
import io
import json
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyrage
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from pyarrow import parquet
from pyrage.x25519 import Identity
from sqlalchemy import select
from structlog.testing import CapturingLogger

from backend.accounts.sessions import secret_hash
from backend.campaigns.models import Campaign
from backend.coverage.statistics.refresh import refresh
from backend.database.extensions import db
from backend.http import logging as request_log
from backend.http import problems
from backend.server.backup import service as backup
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.programs import binary
from tests.support.clock import FakeClock
from tests.support.devices import CONSENT, DEVICES, ME, bearer
from tests.support.factories import location, network, post, register, sample
from tests.support.joining import Cast, join
from tests.support.people import person
from tests.support.reports import DECEMBER, Office

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[4]
NAME, MODEL, ADDRESS = "Nguyễn Thị Vết", "Vết-A525F", "203.0.113.77"
LATITUDE, LONGITUDE = 21.594271, 105.848263  # six decimals: nobody else's
WORDS = "ngay trước cửa nhà tôi"
CELL = 987654321


@dataclass
class Phone:
    """A phone of a person who will withdraw, and everything that could tell of them."""

    client: FlaskClient
    headers: dict[str, str]
    shown: dict[str, Any]
    sent: list[dict[str, Any]]

    def traces(self) -> list[str]:
        """What must not be found anywhere, as text: ids and hashes in every form they are kept."""
        device, token = self.shown["id"], self.shown["token"]
        hashed = secret_hash(token).hex()
        ids = [one["id"] for one in self.sent]
        return [
            device, UUID(device).hex, token, hashed, self.shown["withdrawal_code"], *ids,
            *(UUID(one).hex for one in ids), str(LATITUDE), str(LONGITUDE), "21.5942", "105.8482",
            MODEL, ADDRESS, NAME, WORDS, str(CELL), *(one["measured_at"] for one in self.sent),
        ]  # fmt: skip


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """What is logged of every request, at the level that an operator has."""
    written = CapturingLogger()
    level = structlog.make_filtering_bound_logger(logging.INFO)
    form = [structlog.processors.JSONRenderer()]
    log = structlog.wrap_logger(written, processors=form, wrapper_class=level)
    for module in (request_log, problems):
        monkeypatch.setattr(module, "log", log)
    return written


@pytest.fixture
def own_var(app: Flask, tmp_path: Path) -> Path:
    app.config["VAR_DIR"] = tmp_path / "var"
    app.config["VAR_DIR"].mkdir()
    (app.config["VAR_DIR"] / "secret_key").write_text(app.config["SECRET_KEY"])
    return Path(app.config["VAR_DIR"])


def busy_phone(app: Flask, client: FlaskClient, tmp_path: Path) -> Phone:
    """Register, join with a name, post, repeat, be refused, exported and imported again."""
    phone = app.test_client()
    phone.environ_base["REMOTE_ADDR"] = ADDRESS
    body = {"consent": CONSENT, "platform": "android", "model": MODEL, "app_version": "1.0.0"}
    shown = phone.post(DEVICES, json=body).json
    headers = bearer(shown["token"])
    cast = Cast(app)
    assert join(phone, headers, cast.code_one).status_code == 201
    named = phone.patch(
        "/api/v1/volunteers/me", json={"display_name": NAME, "agreed": True}, headers=headers
    )
    assert named.status_code == 200, named.text
    place = location(latitude=LATITUDE, longitude=LONGITUDE)
    times = [f"2024-11-{day:02}T09:12:3{day % 10}+07:00" for day in range(10, 16)]
    sent = [sample(at, location=place, comment=WORDS, cell={"identity": CELL}) for at in times]
    assert post(phone, headers, *sent).status_code == 200
    twice = sample("2024-11-16T09:12:33+07:00", location=place, comment=WORDS)
    assert [post(phone, headers, twice).status_code for _ in range(2)] == [201, 200]
    refused = sample(location=place, comment=WORDS, network=network(kind="thuyền"))
    assert post(phone, headers, refused).status_code == 422
    assert post(client, register(client), twice).status_code == 409  # another's id
    file = tmp_path / "rows.ndjson"
    file.write_text(json.dumps(twice))
    run(app, "measurements", "import", str(file), "--format", "ndjson")
    assert phone.get(f"{ME}/export", headers=headers).status_code == 200
    return Phone(phone, headers, shown, [*sent, twice, refused])


def others(app: Flask, office: Office) -> None:
    """Enough of other people for statistics, open data and a report to have something to tell."""
    for day in range(1, 9):
        office.measured(
            *range(8, 20, 4), day=day, location=location(latitude=21.58, longitude=105.84)
        )


def run(app: Flask, *words: str) -> None:
    done = app.test_cli_runner().invoke(args=list(words))
    assert done.exit_code == 0, done.output


def published(app: Flask, office: Office) -> int:
    """Signs found, a report approved and open data written."""
    with app.app_context():
        refresh(app.extensions["clock"]())
    run(app, "signals", "find")
    office.is_demo()
    app.extensions["clock"].now = DECEMBER
    run(app, "release", "make", "2024-11")
    run(app, "reports", "publish-data", "2024-11")
    return office.approved()


def plain_dump(app: Flask, folder: Path) -> str:
    """The database as text, from a backup as the operator makes it."""
    kept = backup.make(app.config, folder, 14, datetime(2024, 12, 5, tzinfo=UTC))
    key = (app.config["VAR_DIR"] / backup.BACKUP_KEY).read_text().strip()
    plain = folder / "plain.dump"
    pyrage.decrypt_file(str(kept / backup.DUMP), str(plain), [Identity.from_str(key)])
    command = [binary("pg_restore"), "-f", "-", str(plain)]
    manifest = (kept / backup.MANIFEST).read_text()
    return manifest + subprocess.run(command, capture_output=True, check=True, text=True).stdout


def restored_dump(app: Flask, backups: Path, tmp_path: Path) -> str:
    """The database as text, restored after a disaster from a backup from before the withdrawal."""
    var_dir = tmp_path / "restored"
    [kept] = backup.made(backups)
    var = app.config["VAR_DIR"]
    words = ["restore", str(kept), "--keys", str(var), "--key", str(var / backup.BACKUP_KEY)]
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(var_dir)}
    command = [sys.executable, "-m", "backend.server.backup", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with EmbeddedPostgres(var_dir) as server:
        url = backup.plain(server.owner_url)
        dump = [binary("pg_dump"), f"--dbname={url}"]
        shown = subprocess.run(dump, capture_output=True, check=True, text=True).stdout
    shutil.rmtree(server.socket_dir, ignore_errors=True)
    return shown


def readable(content: bytes) -> str:
    """A file's text; what is packed is unpacked, as deep as it goes."""
    if content[:2] == b"\x1f\x8b":
        return readable(gzip.decompress(content))
    if content[:4] == b"PAR1":
        return str(parquet.read_table(io.BytesIO(content)).to_pylist())
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(readable(archive.read(name)) for name in archive.namelist())
    return content.decode(errors="replace")


def files_of(folder: Path) -> str:
    return "\n".join(readable(path.read_bytes()) for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_nothing_kept_tells_of_who_withdrew(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    own_var: Path,
    tmp_path: Path,
    logged: CapturingLogger,
) -> None:
    office = Office(app, client, clock)
    others(app, office)
    clock.now = datetime(2024, 11, 20, 12, tzinfo=UTC)
    phone = busy_phone(app, client, tmp_path)
    report = published(app, office)
    before = plain_dump(app, tmp_path / "before")
    for trace in (phone.shown["id"], phone.sent[0]["id"], str(LATITUDE), WORDS):
        assert trace in before  # what is searched for can be found
    assert MODEL in before and NAME in before
    assert phone.client.delete(ME, headers=phone.headers).status_code == 200
    run(app, "privacy", "expire")  # by a timer, every night

    kept = {
        "dump": plain_dump(app, tmp_path / "after"),
        "var": files_of(own_var),
        "logs": "\n".join(map(str, logged.calls)),
        "restored": restored_dump(app, tmp_path / "before", tmp_path),
        "answers": answers(app, client, office, report),
    }
    assert all(kept.values())
    found = [(where, trace) for where, text in kept.items() for trace in phone.traces()
             if trace in text]  # fmt: skip
    assert found == []


def answers(app: Flask, client: FlaskClient, office: Office, report: int) -> str:
    """Everything that an admin and the official can still fetch."""
    admin = person(app, "admin")
    with app.app_context():
        campaign = f"/api/v1/campaigns/{db.session.scalar(select(Campaign.id))}"
    names = [file["name"] for file in office.show(report).json["files"]]
    asked = [
        office.show(report, f"/files/{name}", buffered=True) for name in names
    ] + [
        client.get(path, headers=admin, buffered=True)
        for path in (
            "/api/v1/audit",
            "/api/v1/units/05443/measurements?month=2024-11",
            "/api/v1/units/05443/cells?month=2024-11",
            f"{campaign}/contributions?by=member",
            f"{campaign}/signals",
        )
    ]  # fmt: skip
    assert [answer.request.path for answer in asked if answer.status_code != 200] == []
    return "\n".join(readable(answer.data) for answer in asked)
