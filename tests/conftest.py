"""What the tests share: one real database, migrated and with the built-in boundaries loaded."""

import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from flask import Flask, current_app, request
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from backend.accounts import passwords
from backend.coverage.figures.public_counts import copy_counts
from backend.database.extensions import db
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.web.maps import basemap
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.computed_once import computed_once
from tests.support.database import application, copy_prepared
from tests.support.database_reset import table_cleaner
from tests.support.openapi_client import OpenAPIClient
from tests.support.pgbouncer import settings_for

# Collect garbage seldom: a test process holds millions of objects, and lives for minutes.
gc.set_threshold(50_000, 20, 100)

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

# Loaded once for all tests, or filled by a migration; every other table is emptied after a test.
KEPT = {
    *("units", "boundary_sets", "boundaries", "targets", "counting_rules", "alembic_version"),
    *("measuring_hosts", "host_keys"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with browser tests first, then those with slow ones: quick tests end evenly."""
    for item in items:
        if item.get_closest_marker("real_boundaries"):
            item.add_marker(pytest.mark.long)
    marks = {(item.path, mark.name) for item in items for mark in item.iter_markers()}
    items.sort(key=lambda item: ((item.path, "browser") not in marks,
                                 (item.path, "slow") not in marks))  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def frozen_objects() -> None:
    """Leave out of garbage collections what was made by importing and collecting the tests."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords at the least cost: in earnest it is dear by intent, and tests do it often."""
    quick = PasswordHasher.from_parameters(CHEAPEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "hasher", lambda: quick)
        yield


@pytest.fixture(scope="session", autouse=True)
def repeated_work() -> Iterator[None]:
    """Read built-in data and render equal reports once."""
    with computed_once():
        yield


@pytest.fixture(scope="session")
def prepared(pytestconfig: pytest.Config) -> Callable[[Path], None]:
    """What fills a folder with a database that is migrated and has the built-in units."""
    return partial(copy_prepared, pytestconfig.cache.mkdir("database"))


@pytest.fixture(scope="session")
def postgres(
    prepared: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    """A server of this worker's own."""
    var_dir = tmp_path_factory.mktemp("var")
    prepared(var_dir)
    with EmbeddedPostgres(var_dir, fsync=False) as server:
        yield server


@pytest.fixture(scope="session")
def built(
    pytestconfig: pytest.Config,
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:
    """The application over its database."""
    # The processes of a run compile a template once: all of them take 1.7 s.
    run = tmp_path_factory.getbasetemp()
    compiled = (run.parent if hasattr(pytestconfig, "workerinput") else run) / "templates"
    compiled.mkdir(exist_ok=True)
    with settings_for(postgres) as settings:
        app = application(postgres, **settings)
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled))
        app.before_request(copy_counts_at_once)
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="session")
def owner(postgres: EmbeddedPostgres, built: Flask) -> Iterator[Engine]:
    engine = create_engine(postgres.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def empty(postgres: EmbeddedPostgres, built: Flask) -> Iterator[Callable[[], None]]:
    """What empties every table that a test fills."""
    with table_cleaner(postgres, set(db.metadata.tables) - KEPT) as clear:
        clear()  # of what making the prepared database noted in the audit log
        yield clear


def copy_counts_at_once() -> None:
    """Show the public every count as if it were midnight, unless a test waits for the hour."""
    if request.method == "GET" and not current_app.extensions.get("hourly_counts"):
        with suppress(SQLAlchemyError, Problem):
            copy_counts(clock_now(), everything=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def app(built: Flask, empty: Callable[[], None], clock: FakeClock) -> Iterator[Flask]:
    """The application with empty tables and a clock of this test's own."""
    built.extensions["clock"] = clock
    built.extensions["oidc_provider"] = None  # tests/support/oidc.py sets one
    built.extensions["hourly_counts"] = False
    settings = dict(built.config)
    yield built
    built.config.clear()
    built.config.update(settings)
    with built.app_context():
        db.session.remove()
    empty()
    basemap.remove(built.config["VAR_DIR"] / "tiles")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that holds every answer of the API against its OpenAPI document."""
    app.test_client_class = OpenAPIClient
    return app.test_client()


@pytest.fixture
def youth(app: Flask) -> int:
    """An organisation."""
    return people.organisation(app)


@pytest.fixture
def organiser(app: Flask, youth: int) -> dict[str, str]:
    """The headers of that organisation's organiser."""
    return people.person(app, "organiser", youth)


@pytest.fixture
def admin(app: Flask) -> dict[str, str]:
    """The headers of an admin."""
    return people.person(app, "admin")
