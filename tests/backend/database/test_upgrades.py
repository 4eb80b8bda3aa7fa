"""Databases of earlier versions, of scripts/keep-dump: with the same figures once migrated."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from backend.app import create_app
from backend.database.extensions import db
from backend.measurements.recording.counting import differences, fold_all
from backend.measurements.recording.rules import NETWORKS
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.programs import binary
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.people import person
from tests.tools.version_dump import COVERAGE, figures

KEPT = Path(__file__).parents[2] / "data" / "upgrades"
DUMPS = sorted(KEPT.glob("*.dump"), key=lambda path: path.stem)


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def dump(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def old(dump: Path, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server that holds the database as it was kept."""
    with EmbeddedPostgres(tmp_path, fsync=False) as server:
        url = server.owner_url.replace("+psycopg", "")
        words = ["--no-owner", "--exit-on-error", f"--dbname={url}", str(dump)]
        subprocess.run([binary("pg_restore"), *words], check=True, capture_output=True)
        yield server
    shutil.rmtree(server.socket_dir, ignore_errors=True)


@pytest.fixture
def migrated(old: EmbeddedPostgres, tmp_path: Path) -> Iterator[Flask]:
    urls = {"DATABASE_URL": old.app_url, "DATABASE_OWNER_URL": old.owner_url}
    app = create_app(FakeClock(), VAR_DIR=tmp_path, BOUNDARIES_DIR=None, **urls)
    with app.app_context():
        upgrade()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.mark.slow
def test_an_old_database_is_migrated_and_tells_the_same(
    dump: Path, old: EmbeddedPostgres, migrated: Flask
) -> None:
    stored = json.loads(dump.with_suffix(".json").read_text())
    client, admin = migrated.test_client(), person(migrated, "admin")
    assert figures(client, admin, stored["campaign"]) == stored
    recount = migrated.test_cli_runner().invoke(args=["measurements", "recount"])
    assert recount.exit_code == 0, recount.output
    with migrated.app_context():
        begun = db.session.execute(
            text("""
                select rules, counts_from, by, from_at > now() - interval '1 hour'
                from counting_rules order by id
            """)
        )
        assert begun.all() == [(2, None, "upgrade", True), (None, "witnessed", "upgrade", True)]
        assert set(
            db.session.execute(text("select distinct rules from measurements")).scalars()
        ) <= {1}
    assert post(client, register(client), sample()).status_code == 201
    engine = create_engine(old.owner_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []
    engine.dispose()


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
def test_samples_withdrawn_before_are_shown_as_withdrawn(dump: Path, migrated: Flask) -> None:
    stored = json.loads(dump.with_suffix(".json").read_text())
    client, admin = migrated.test_client(), person(migrated, "admin")
    assert figures(client, admin, stored["campaign"]) == stored
    shown = [client.get(COVERAGE + network).json["summary"]["withdrawn"] for network in NETWORKS]
    assert sum(shown) == 1
    with migrated.app_context():
        fold_all()
        assert differences() == []
