"""A temporary installation for benches: an embedded PostgreSQL with tables and units."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask_migrate import upgrade

from backend.app import create_app
from backend.database.extensions import db
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.units.setup import setup


@contextmanager
def installed() -> Iterator[EmbeddedPostgres]:
    """Enter the application of a temporary installation with the built-in boundaries."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        app = create_app(
            DATABASE_URL=postgres.app_url,
            DATABASE_OWNER_URL=postgres.owner_url,
            VAR_DIR=Path(folder),
            BOUNDARIES_DIR=None,
        )
        with app.app_context():
            upgrade()
            setup(Path(folder), None, lambda words: None)
            try:
                yield postgres
            finally:
                db.session.remove()
                db.engine.dispose()
