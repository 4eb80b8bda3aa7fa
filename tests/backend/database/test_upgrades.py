"""Databases of earlier versions, of scripts/keep-dump: with the same figures once migrated."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, select, text

from backend.app import create_app
from backend.database.extensions import db
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.recording.counting import differences
from backend.measurements.recording.earnings import differences as team_differences
from backend.measurements.recording.models import Receipt
from backend.measurements.recording.rules import NETWORKS
from backend.reports.content.labels import default_letterhead
from backend.reports.monthly.models import Letterhead, ReportRow
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.programs import binary
from backend.units.models import Unit
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.people import person
from tests.tools.version_dump import COVERAGE, counting_rules, decisions, figures

KEPT = Path(__file__).parents[2] / "data" / "upgrades"
DUMPS = sorted(KEPT.glob("*.dump.gz"))
# Of a database of 1.0, whose upgrade begins rule set 2 and the requirement of witnesses.
BEGUN = {
    "counting_rules": [[2, None, "upgrade"], [None, "witnessed", "upgrade"]],
    "judged_by": [1],
}
# An upgrade of any of them begins rule set 3.
RULE_SET_3 = [3, None, "upgrade"]


def name_of(dump: Path) -> str:
    return dump.name.partition(".")[0]


@pytest.fixture(params=DUMPS, ids=name_of)
def dump(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def stored(dump: Path) -> Any:
    """The answers of the version that made the dump."""
    return json.loads((KEPT / f"{name_of(dump)}.json").read_text())


@pytest.fixture
def old(dump: Path, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server that holds the database as it was kept."""
    with EmbeddedPostgres(tmp_path, fsync=False) as server:
        words = [binary("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={url(server)}"]
        content = gzip.decompress(dump.read_bytes())
        subprocess.run(words, check=True, capture_output=True, input=content)
        yield server
    shutil.rmtree(server.socket_dir, ignore_errors=True)


def url(server: EmbeddedPostgres) -> str:
    return server.owner_url.replace("+psycopg", "")


@pytest.fixture
def migrated(old: EmbeddedPostgres, stored: Any, tmp_path: Path) -> Iterator[Flask]:
    for name, key in stored.get("keys", {}).items():
        (tmp_path / name).write_text(key)
        (tmp_path / name).chmod(0o600)
    urls = {"DATABASE_URL": old.app_url, "DATABASE_OWNER_URL": old.owner_url}
    app = create_app(FakeClock(), VAR_DIR=tmp_path, BOUNDARIES_DIR=None, **urls)
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.mark.slow
def test_an_old_database_is_migrated_and_tells_the_same(stored: Any, migrated: Flask) -> None:
    client, admin = migrated.test_client(), person(migrated, "admin")
    answers = figures(client, admin, stored["campaign"])
    assert answers == {name: stored[name] for name in answers}
    with migrated.app_context():
        rules = counting_rules()
    before = {name: stored.get(name, BEGUN[name]) for name in rules}
    assert rules == before | {"counting_rules": [*before["counting_rules"], RULE_SET_3]}
    recount = migrated.test_cli_runner().invoke(args=["measurements", "recount"])
    assert recount.exit_code == 0, recount.output
    assert post(client, register(client), sample("2024-11-16T15:00:00+07:00")).status_code == 201


@pytest.mark.slow
def test_the_migrations_make_the_schema_of_each_released_version(
    dump: Path, old: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The files of 1.0 and 1.1 replace those that made the dumps, columns in the same order."""
    folder = tmp_path_factory.mktemp("new")
    with EmbeddedPostgres(folder, fsync=False) as server:
        urls = {"DATABASE_URL": server.app_url, "DATABASE_OWNER_URL": server.owner_url}
        app = create_app(FakeClock(), VAR_DIR=folder, BOUNDARIES_DIR=None, **urls)
        with app.app_context():
            upgrade(revision=name_of(dump))
            db.engine.dispose()
        options = ("--schema=public", "--no-privileges")  # the dumps have no grants
        assert schema_of(server, *options) == schema_of(old, *options)
    shutil.rmtree(server.socket_dir, ignore_errors=True)


@pytest.fixture
def new(
    prepared: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    """A server that holds a new database of this version."""
    folder = tmp_path_factory.mktemp("new")
    prepared(folder)
    with EmbeddedPostgres(folder, fsync=False) as server:
        yield server
    shutil.rmtree(server.socket_dir, ignore_errors=True)


@pytest.mark.slow
def test_an_upgraded_database_is_like_a_new_one_and_another_upgrade_changes_nothing(
    old: EmbeddedPostgres, migrated: Flask, new: EmbeddedPostgres
) -> None:
    assert schema_of(old) == schema_of(new)
    before = dumped(old)
    with migrated.app_context():
        upgrade()
    assert dumped(old) == before


def schema_of(server: EmbeddedPostgres, *options: str) -> list[str]:
    """Return the statements that make a database, without comments and with single blanks."""
    lines = [line for line in dumped(server, "--schema-only", *options) if line[:2] != "--"]
    return " ".join(" ".join(lines).split()).split("; ")


def dumped(server: EmbeddedPostgres, *options: str) -> list[str]:
    """Return schema, rows and grants of a database, without the token of each dump."""
    words = [binary("pg_dump"), *options, url(server)]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if not line.startswith(("\\restrict", "\\unrestrict"))]


@pytest.mark.slow
@pytest.mark.parametrize("dump", DUMPS[1:], ids=name_of, indirect=True)
def test_decisions_files_and_seals_stay(stored: Any, migrated: Flask) -> None:
    client, admin = migrated.test_client(), person(migrated, "admin")
    answers = decisions(client, admin, stored["report"])
    assert answers["seal_valid"] and answers["files"]
    assert answers == {name: stored[name] for name in answers}
    again = post(client, register(client), stored["withdrawn"])
    assert (again.status_code, again.json["errors"][0]["code"]) == (409, "withdrawn_before")
    with migrated.app_context():
        assert differences() == team_differences() == []


@pytest.fixture
def withdrawn(old: EmbeddedPostgres) -> None:
    """A counted sample of a device that withdrew under the old version."""
    engine = create_engine(old.owner_url)
    with engine.begin() as connection:
        connection.execute(
            text("""
            update measurements set device_id = null, received_at = null, measured_at = null,
                latitude = null, longitude = null, accuracy_m = null, raw = null
            where id = (select id from measurements where counted order by id limit 1)
        """)
        )
    engine.dispose()


@pytest.mark.slow
@pytest.mark.usefixtures("withdrawn")
@pytest.mark.parametrize("dump", DUMPS[:1], ids=name_of, indirect=True)
def test_samples_withdrawn_before_are_shown_as_withdrawn(stored: Any, migrated: Flask) -> None:
    client, admin = migrated.test_client(), person(migrated, "admin")
    assert figures(client, admin, stored["campaign"]) == stored
    shown = [
        client.get(COVERAGE + network).json["summary"]["by_assurance"]["withdrawn"]
        for network in NETWORKS
    ]
    assert sum(shown) == 1
    with migrated.app_context():
        assert differences() == []


@pytest.fixture
def documents(old: EmbeddedPostgres) -> None:
    """Confirmed documents of the installation and of a commune, of which a draft cites one."""
    engine = create_engine(old.owner_url)
    with engine.begin() as connection:
        connection.execute(
            text("""
            update reference_documents set confirmed_at = now(), about = 'V/v đo chất lượng.';
            insert into reference_documents (unit_id, type, number, symbol, issued_on, issuer,
                about, confirmed_at)
            select id, 'Kế hoạch', '7', '', date '2026-02-09', 'UBND tỉnh', 'triển khai', now()
            from units where system = '2025' and level = 'commune' order by sort_key limit 1;
            insert into reports (unit_id, month, edition, remarks, letter, created_at)
            select unit_id, '2025-08', 1, '{}', jsonb_build_object('kind', 'report',
                'references', jsonb_build_array(id)), now()
            from reference_documents where number = '7'
        """)
        )
    engine.dispose()


@pytest.mark.slow
@pytest.mark.usefixtures("documents")
@pytest.mark.parametrize("dump", DUMPS[1:], ids=name_of, indirect=True)
def test_documents_become_lines_of_letterheads(migrated: Flask) -> None:
    common = (
        "Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024 của Bộ Thông tin và Truyền thông"
        " về việc đo chất lượng"
    )
    own = "Kế hoạch số 7 ngày 09 tháng 02 năm 2026 của UBND tỉnh về việc triển khai"
    with migrated.app_context():
        heads = db.session.execute(select(Letterhead, Unit).join(Unit)).all()
        [letter] = db.session.scalars(select(ReportRow.letter).filter_by(month="2025-08"))
        for head, unit in heads:
            usual = default_letterhead(unit.level, unit.name, province_of(unit), date(2026, 11, 1))
            found = {name: getattr(head, name) for name in usual}
            assert found == usual | {"references": [common if unit.level == "province" else own]}
    assert {unit.level for _, unit in heads} == {"province", "commune"} and len(heads) == 35
    assert letter == {"kind": "report", "references": [own]}


def province_of(unit: Unit) -> str:
    return db.session.get_one(Unit, unit.province_id or unit.id).name


@pytest.fixture
def noted(old: EmbeddedPostgres) -> None:
    """A no-connection note with the id of a sample, and a receipt of one that repeats it."""
    engine = create_engine(old.owner_url)
    with engine.begin() as connection:
        connection.execute(
            text("""
            insert into no_connection_notes (id, device_id, received_at, began_at, noted_at, day,
                attempts, cell, unit_id, set_id, how)
            select id, device_id, received_at, received_at, received_at, '2024-11-20', 3,
                '88415a5a2bfffff', (select min(id) from units where level = 'commune'), 1, 'inside'
            from receipts where device_id in (select id from devices) order by id limit 1
        """)
        )
        connection.execute(
            text("""
            insert into no_connection_receipts (id, device_id, digest, received_at, note_id)
            select r.id, n.device_id, 'note', n.received_at, n.id from no_connection_notes n,
                lateral (select n.id union all select gen_random_uuid()) r (id)
        """)
        )
    engine.dispose()


@pytest.mark.slow
@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize("dump", DUMPS[1:], ids=name_of, indirect=True)
def test_receipts_of_notes_are_kept_beside_those_of_samples(migrated: Flask) -> None:
    with migrated.app_context():
        samples, notes = (
            db.session.scalars(select(Receipt).filter_by(kind=kind)).all()
            for kind in ("sample", "note")
        )
        (note,) = db.session.scalars(select(NoConnectionNote))
    assert [(one.device_id, one.digest, one.note_id) for one in notes] == [
        (note.device_id, b"note", note.id)
    ] * 2
    assert note.id in {one.id for one in notes} & {one.id for one in samples}
