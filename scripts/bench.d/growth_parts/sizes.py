"""Disk space of a measurement, and an extrapolation to ten times as many."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from ingest_parts.site import ROOT

from backend.measurements.recording import counting
from backend.server.backup.service import DUMP
from growth_parts.place import Place
from growth_parts.table import Cost

TABLES = """
select relname, pg_table_size(oid), pg_indexes_size(oid) from pg_class
where relkind in ('r', 'm') and relnamespace = 'public'::regnamespace
order by pg_total_relation_size(oid) desc limit 8
"""
WHOLE = "select pg_database_size(current_database())"
MORE = 10


def bytes_a_row(place: Place) -> list[str]:
    """The largest tables: bytes to a measurement, of rows and of indexes."""
    with psycopg.connect(place.owner_url.replace("+psycopg", "")) as connection:
        tables = connection.execute(TABLES).fetchall()
        [whole] = connection.execute(WHOLE).fetchone() or (0,)
    lines = [
        f"At {place.name}: {whole / 1e9:.1f} GB, {whole / place.rows:,.0f} bytes a measurement"
    ]
    for name, rows, indexes in tables:
        size = f"{rows / place.rows:,.0f} + {indexes / place.rows:,.0f} of indexes"
        lines.append(f"  {name:<22}{size}")
    return lines


def foresee(places: Sequence[Place], costs: Mapping[str, Sequence[Cost]]) -> list[str]:
    """Ten times the largest, not measured: its bytes, and its times if each grew as it did last."""
    if len(places) < 2:
        return []
    last = places[-1]
    with psycopg.connect(last.owner_url.replace("+psycopg", "")) as connection:
        [whole] = connection.execute(WHOLE).fetchone() or (0,)
    lines = [
        f"At {last.rows * MORE / 1e6:g} M, extrapolated and not measured:"
        f" {whole * MORE / 1e9:,.0f} GB; medians if each grew as from {places[-2].name}"
        f" to {last.name}:"
    ]
    for name, (*_, before, now) in costs.items():
        lines.append(f"  {name:<45}{now.median_ms * now.median_ms / before.median_ms:12,.1f} ms")
    return lines


def nights_work(place: Place, below: Path) -> list[str]:
    """What timers do in the night: a backup and the recount; and the restore in an empty folder."""
    urls = {name: place.app.config[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    with tempfile.TemporaryDirectory(dir=below) as folder:
        _, made = _program(["make", folder], {"VAR_DIR": str(place.app.config["VAR_DIR"]), **urls})
        [backup] = Path(folder).glob("dosong-*")
        size = (backup / DUMP).stat().st_size
        output, restored = _program(["restore", str(backup)], {"VAR_DIR": f"{folder}/restored"})
    with place.app.app_context():
        began = time.monotonic()
        counting.differences()
        counting.team_differences()
        recounted = time.monotonic() - began
    return [
        f"A backup at {place.name}: {made:.0f} s, {size / 1e9:.2f} GB",
        f"A restore into an empty folder: {restored:.0f} s. {' '.join(output.split())}",
        f"A recount: {recounted:.0f} s",
    ]


def _program(words: Sequence[str], environment: Mapping[str, str]) -> tuple[str, float]:
    """Run scripts/backup or scripts/restore; return its output and its seconds."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "backend.server.backup", *words],
        cwd=ROOT, env=os.environ | dict(environment), capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout, time.monotonic() - began
