"""A server with a filled database, and requests to it."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from ingest_parts.site import site

from backend.app import create_app
from backend.database.extensions import db
from backend.server.postgres.programs import pid_of
from growth_parts.filling import PROVINCE, Filled, fill

# Two: a bench keeps several servers at once.
SETTINGS = {"WEB_CONCURRENCY": "2", "MEASUREMENTS_PER_HOUR": "1000000"}

KEPT = "filled.json"  # in the folder: tokens and ids of its database


@dataclass(frozen=True)
class Place:
    """A server, its database, and an app over it for jobs."""

    name: str
    rows: int
    port: int
    parents: tuple[int, int]  # of all processes of the server, and of the database
    filled: Filled
    owner_url: str
    app: Flask
    report: int  # a draft of the province's report of the campaign's month

    def ask(self, path: str, token: str = "", sent: Any = None) -> bytes:
        """Return the answer to a request; an error ends the bench."""
        return ask(self.port, path, token, sent)


@contextmanager
def place(folder: Path, name: str, rows: int, today: date) -> Iterator[Place]:
    """Start one, and fill it where it was not filled before."""
    with site(folder, **SETTINGS) as (target, environment):
        owner, kept = environment["DATABASE_OWNER_URL"], folder / KEPT
        if not kept.exists():
            began = time.monotonic()
            filled = asdict(fill(owner, rows, today))
            print(f"{rows:,} rows filled in {time.monotonic() - began:.0f} s", flush=True)
            body = {"unit": PROVINCE, "level": "province", "month": filled["month"]}
            begun = json.loads(ask(target.port, "/api/v1/reports", filled["official"], body))
            kept.write_text(json.dumps({"report": begun["id"], "filled": filled}))
        stored = json.loads(kept.read_text())
        database = pid_of(folder.resolve() / "postgres")
        assert database is not None, "the database has ended"
        app = create_app(
            DATABASE_URL=environment["DATABASE_URL"],
            DATABASE_OWNER_URL=owner,
            VAR_DIR=folder,
            BOUNDARIES_DIR=None,
        )
        filled, parents = Filled(**stored["filled"]), (target.web, database)
        yield Place(name, rows, target.port, parents, filled, owner, app, stored["report"])
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def ask(port: int, path: str, token: str, sent: Any = None) -> bytes:
    """One request over a connection of its own, so that every worker gets its share."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = None if sent is None else json.dumps(sent).encode()
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status not in (200, 201):
        raise SystemExit(f"{path} answered {answer.status}: {content[:500]!r}")
    return content
