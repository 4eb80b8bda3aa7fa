"""Measure reading the audit log at a million rows against reads by primary key, in the same run."""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from backend.accounts.access import Actor, Grant
from backend.accounts.audit import read_audit
from backend.accounts.audit_schemas import AuditQuerySchema
from backend.app import create_app
from backend.database.extensions import db
from backend.server.postgres.embedded import EmbeddedPostgres

ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))
MOST_RATIO = 20  # a page of 100 rows may cost this many times one row by its key

# Three years of acts; a few people and acts make most of them, and some people left early.
FILL = """
    insert into audit (at, actor, act, subject, details, address)
    select timestamptz '2023-01-01' + n * interval '94 seconds',
        case when n < 20000 and n % 4 = 0 then 'user:1000'
             else 'user:' || (1 + 400 * power(random(), 3))::int end,
        (array['team.edit', 'team.edit', 'team.edit', 'membership.import', 'campaign.edit',
               'correction', 'exclude', 'user.invite'])[1 + (8 * power(random(), 2))::int % 8],
        (array['team:', 'campaign:', 'user:'])[1 + (random() * 2)::int]
            || (20000 * random())::int,
        jsonb_build_object('before', jsonb_build_object('name', 'Đội ' || n),
                           'after', jsonb_build_object('name', 'Đội ' || n + 1)),
        '192.0.2.' || n % 250
    from generate_series(1, :rows) n
"""
RARE = """
    insert into audit (at, actor, act, subject, details)
    values ('2023-01-02', 'shell:van', 'units.load', 'vn-2025-07', '{}')
"""
QUESTIONS: dict[str, dict[str, str]] = {
    "newest": {},
    "deep in the pages": {"cursor": "2023-06-01T00:00:00Z_0"},
    "of a busy person": {"actor": "user:1"},
    "of one person in a hundred": {"actor": "user:9"},
    "of one person in a thousand": {"actor": "user:300"},
    "of a person who left after the first month": {"actor": "user:1000"},
    "of a person seen once, long ago": {"actor": "shell:van"},
    "of a common act": {"act": "team.edit"},
    "of an act done once, long ago": {"act": "units.load"},
    "about one team": {"subject": "team:77"},
    "about nothing": {"subject": "team:0000"},
    "of one day": {"from": "2023-06-01", "to": "2023-06-01"},
    "of an act on one day": {"act": "exclude", "from": "2023-06-01", "to": "2023-06-01"},
    "of a person on one day": {"actor": "user:9", "from": "2023-06-01", "to": "2023-06-01"},
    "of a busy person, a common act": {"actor": "user:1", "act": "team.edit"},
    "of a busy person, an act never theirs": {"actor": "user:1", "act": "units.load"},
}


def main() -> None:
    """Print the 95th percentile of each question; exit status 1 where one is too slow."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        app = create_app(
            DATABASE_URL=postgres.app_url,
            DATABASE_OWNER_URL=postgres.owner_url,
            VAR_DIR=Path(folder),
        )
        with app.app_context():
            upgrade()
            _fill(postgres.owner_url, arguments.rows)
            slow = [name for name in QUESTIONS if _ask(name, arguments) > MOST_RATIO]
            db.session.remove()
            db.engine.dispose()
    sys.exit(f"Too slow: {', '.join(slow)}" if slow else 0)


def _fill(owner_url: str, rows: int) -> None:
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        connection.execute(text("select setseed(0.5)"))
        connection.execute(text(RARE))
        connection.execute(text(FILL), {"rows": rows})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze audit"))
    engine.dispose()
    print(f"{rows:,} entries; a page holds 100\n")
    print(f"{'':<42} {'p95':>9}   x one row by its key (medians)")


def _ask(name: str, arguments: argparse.Namespace) -> float:
    """Ask in turns with the plain read, so that a busy machine slows both."""
    asked = AuditQuerySchema().load(QUESTIONS[name])
    plain, ours = [], []
    for n in range(arguments.times):
        key = 1 + n * 7919 % arguments.rows
        plain.append(_timed(lambda key=key: _by_key(key)))
        ours.append(_timed(lambda: read_audit(ADMIN, asked)))
    ratio = statistics.median(ours) / statistics.median(plain)
    print(f"{name:<42} {_p95(ours) * 1e3:6.2f} ms   {ratio:.1f}")
    return ratio


def _by_key(key: int) -> Any:
    return db.session.execute(text("select * from audit where id = :id"), {"id": key}).all()


def _timed(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    db.session.rollback()
    return time.perf_counter() - begin


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200, help="how often each question is asked")
    return parser.parse_args()


if __name__ == "__main__":
    main()
