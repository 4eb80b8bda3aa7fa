"""A database that is migrated and has its units, made once and copied by whoever tests.

Making one takes some seconds of a processor, a copy a fifth of one. It lies in pytest's cache
under the digest of what it is made of; `pytest --cache-clear` takes it away.
"""

import fcntl
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade

from backend.app import create_app
from backend.database.extensions import db
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.units import setup as units_setup

ROOT = Path(__file__).parents[2]
MADE_OF = ("backend/migrations", "backend/server", "backend/units", "geo", "requirements.txt")


def copy_prepared(cache: Path, to: Path) -> None:
    """Fill a folder with a stopped server and its data."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first of several workers makes it for all
        kept = cache / fingerprint()
        if not kept.exists():
            _make(cache, kept)
        # With its owners: as root, the server runs as another user.
        subprocess.run(["cp", "-a", f"{kept}/.", to], check=True)


def fingerprint() -> str:
    """The digest of every file that decides what is in the database."""
    digest = sha256()
    for top in MADE_OF:
        for path in sorted((ROOT / top).rglob("*")) or [ROOT / top]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _make(cache: Path, kept: Path) -> None:
    for old in cache.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    fresh = cache / "fresh"  # gets its name when complete
    with EmbeddedPostgres(fresh, fsync=False) as server:
        app = application(server)
        with app.app_context():
            upgrade()
            units_setup.setup(fresh, None, lambda words: None)
            db.session.remove()
            db.engine.dispose()
    fresh.rename(kept)


def application(server: EmbeddedPostgres, **changes: Any) -> Flask:
    """The application on a server's database."""
    settings = {
        "DATABASE_URL": server.app_url,
        "DATABASE_OWNER_URL": server.owner_url,
        "VAR_DIR": server.var_dir,
        "BOUNDARIES_DIR": None,
        "WEB_CONCURRENCY": 1,  # a test is one process, with as many threads as it likes
        "WEB_THREADS": 16,
    }
    return create_app(**settings | changes)
