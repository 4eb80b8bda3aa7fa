"""A migrated database with units, made once and copied for each run of tests.

Making one takes several seconds of CPU time, a copy 0.2 s. It is stored in pytest's cache under
the digest of its sources; `pytest --cache-clear` removes it.
"""

import fcntl
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from backend.app import create_app
from backend.database.extensions import db
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.units.setup import setup as set_up_units
from backend.web.measure.speed import MAX_ADDRESS_PER_HOUR, TransferLimiter

SLOTS = 8
ROOT = Path(__file__).parents[2]
SOURCES = (
    *("backend/migrations", "backend/server", "backend/units", "geo", "requirements.txt"),
    "backend/reporting",
    "tests/support/database.py",
)
# Most tests post samples without tickets; those about proof require it (`support.requirements`).
CLAIMS_COUNT = text("""
    insert into counting_rules (counts_from, from_at, by, reason)
    values ('claimed', '1990-01-01', 'test', 'Samples of tests have no tickets.')
""")


def copy_prepared(cache: Path, to: Path) -> None:
    """Copy a stopped server with its data to a folder."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of several workers makes it for all
        prepared = cache / fingerprint()
        if not prepared.exists():
            _make(cache, prepared)
        # Keep the owners: started as root, the server runs as another user.
        subprocess.run(["cp", "-a", f"{prepared}/.", to], check=True)


def fingerprint() -> str:
    """Return the digest of every file that determines the database's content."""
    digest = sha256()
    for top in SOURCES:
        for path in sorted((ROOT / top).rglob("*")) or [ROOT / top]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _make(cache: Path, prepared: Path) -> None:
    for old in cache.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    fresh = cache / "fresh"  # renamed when complete
    with EmbeddedPostgres(fresh, fsync=False) as server:
        app = application(server)
        with app.app_context():
            upgrade()
            set_up_units(fresh, None, lambda line: None)
            choose_claims(server.owner_url)
            db.session.remove()
            db.engine.dispose()
    fresh.rename(prepared)


def choose_claims(owner_url: str) -> None:
    """Let samples without proof count in a migrated database."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        connection.execute(CLAIMS_COUNT)
    engine.dispose()


def application(server: EmbeddedPostgres, **changes: Any) -> Flask:
    """Create the application on a server's database."""
    settings = {
        "DATABASE_URL": server.app_url,
        "DATABASE_OWNER_URL": server.owner_url,
        "VAR_DIR": server.var_dir,
        "BOUNDARIES_DIR": None,
        "WEB_CONCURRENCY": 1,  # tests run in one process with many threads
        "SECOND_FACTOR": "admins",  # tests of the default set it
    }
    app = create_app(**settings | changes)
    # As many transfers as the setting allows: one process of a server has four threads for them,
    # and a page that a test has closed keeps a slot for some seconds.
    app.extensions["transfer_limiter"] = TransferLimiter(SLOTS, MAX_ADDRESS_PER_HOUR)
    return app
