"""Measure requests and jobs with 0.1, 1 and 20 million measurements of a year.

All servers run at once and get requests in turns. Cells contain median / 95th percentile in ms, the
time on a processor of server and database in ms, then the peak of the busiest process in MB.
"""

import argparse
import itertools
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from parts.filling import PROVINCE, SYSTEM, TOKEN, Filled, add_measurements, fill_year
from parts.load import BATCH, walk
from parts.processes import family, forget_peaks, peaks_mb, processor_s
from parts.site import ROOT, ask, site

from backend.app import create_app
from backend.clock import local_day, utc_now
from backend.coverage.statistics import refresh
from backend.database.extensions import db
from backend.measurements.recording import counting, earning_sums
from backend.server.backup.service import BACKUP_KEY, DUMP
from backend.server.postgres.programs import pid_of

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
        return ask(self.port, path, token, sent)[0]


@contextmanager
def place(folder: Path, name: str, rows: int, today: date) -> Iterator[Place]:
    """Start one, and fill it where it was not filled before."""
    with site(folder, **SETTINGS) as (target, environment):
        owner, kept = environment["DATABASE_OWNER_URL"], folder / KEPT
        if not kept.exists():
            began = time.monotonic()
            filled = asdict(fill_year(owner, rows, today))
            print(f"{rows:,} rows filled in {time.monotonic() - began:.0f} s", flush=True)
            body = {"unit": PROVINCE, "level": "province", "month": filled["month"]}
            begun = json.loads(ask(target.port, "/api/v1/reports", filled["official"], body)[0])
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


CHANGED = 5_000


@dataclass(frozen=True)
class Question:
    """Something that is done again and again, and measured."""

    name: str
    act: Callable[[Place, int], object]  # at a place, for the so many-th time
    times: int = 50
    prepare: Callable[[Place], object] = lambda place: None
    in_process: bool = False  # in the bench's own, not in the server's


def _post(place: Place, number: int, size: int) -> None:
    """Samples of a phone that has not sent any since the filling."""
    phone = random.Random(f"{size} {number}").randrange(place.filled.phones)
    some = [one | {"id": str(uuid.uuid4())} for one in itertools.islice(walk(phone), size)]
    body = some[0] if size == 1 else {"measurements": some}
    answer = json.loads(place.ask("/api/v1/measurements", TOKEN.format(phone), body))
    outcomes = {one["outcome"] for one in answer.get("results", [answer])}
    assert outcomes == {"accepted"}, outcomes


def _of_phone(path: str) -> Callable[[Place, int], object]:
    """Use another phone each time, whose rows are not cached."""

    def ask(place: Place, number: int) -> bytes:
        phone = random.Random(f"{path} {number}").randrange(place.filled.phones)
        return place.ask(path, TOKEN.format(phone))

    return ask


def _coverage(query: str) -> Callable[[Place, int], object]:
    month = f"{local_day(utc_now()):%Y-%m}"
    return lambda place, number: place.ask(f"/api/v1/coverage?month={month}&{query}")


def _workbook(place: Place, number: int) -> bytes:
    last = local_day(utc_now()).replace(day=1)
    first = (last - timedelta(days=330)).replace(day=1)
    months = f"from={first:%Y-%m}&to={last:%Y-%m}"
    return place.ask(f"/api/v1/coverage?{months}&level=commune&format=xlsx")


def _contributions(by: str) -> Callable[[Place, int], object]:
    path = f"/api/v1/campaigns/1/contributions?by={by}"
    return lambda place, number: place.ask(
        f"{path}&month={place.filled.month}", place.filled.organiser
    )


def _samples(place: Place, number: int) -> bytes:
    path = f"/api/v1/units/{PROVINCE}/measurements?level=province&month={place.filled.month}"
    return place.ask(f"{path}&limit=100", place.filled.official)


def _figures(place: Place, number: int) -> bytes:
    return place.ask(f"/api/v1/reports/{place.report}/figures", place.filled.official)


def _files(place: Place, number: int) -> bytes:
    """Request a file of a draft report."""
    return place.ask(f"/api/v1/reports/{place.report}/files/report.docx", place.filled.official)


def _change(place: Place) -> None:
    """What a morning brings to one province, before its statistics are computed again."""
    with place.app.app_context():
        add_measurements(place.owner_url, CHANGED, PROVINCE, f"{place.filled.month}-14", SYSTEM)


def _refresh(place: Place, number: int) -> None:
    with place.app.app_context():
        found = refresh.refresh(utc_now(), place.filled.month)
        db.session.remove()
        assert found, "nothing was marked"


QUESTIONS = (
    Question("a post of one sample", lambda place, number: _post(place, number, 1)),
    Question(f"a post of {BATCH}", lambda place, number: _post(place, number, BATCH), 20),
    Question("coverage: the country by province", _coverage("level=province")),
    Question(
        "coverage: a province by commune", _coverage(f"level=commune&parent={PROVINCE}")
    ),
    Question(
        "coverage: the 100 communes that lack most",
        _coverage("level=commune&sort=-shortfall&limit=100"),
    ),
    Question("coverage: one commune", _coverage("unit=05443")),
    Question("coverage: every commune", _coverage("level=commune"), 20),
    Question("coverage: the workbook of 12 months", _workbook, 3),
    Question("contributions of 500 teams", _contributions("team")),
    *(Question(f"contributions by {by}", _contributions(by)) for by in ("unit", "day", "member")),
    Question("a phone's own list", _of_phone("/api/v1/measurements")),
    Question("the export of a phone", _of_phone("/api/v1/devices/me/export")),
    Question("a province's samples, 100 of them", _samples),
    Question(
        f"statistics of a month after {CHANGED:,} changes", _refresh, 3, _change, in_process=True
    ),
    Question("figures of a province's report", _figures, 10),
    Question("its files: letter, workbook, CSV, JSON", _files, 3),
)  # fmt: skip


WARM = 5  # requests until both workers have warm caches
SLOW_S = 1.0  # slower requests are repeated less


@dataclass(frozen=True)
class Cost:
    """What a question costs at a place."""

    median_ms: float
    p95_ms: float
    processor_ms: float  # of server and database, or of the bench and the database
    peak_mb: float  # of the process that needed most

    def __str__(self) -> str:
        times = f"{self.median_ms:,.1f} / {self.p95_ms:,.1f}"
        return f"{times} · {self.processor_ms:,.1f} · {self.peak_mb:,.0f}"


def measure(question: Question, places: Sequence[Place]) -> list[Cost]:
    """Ask all places in turns, so that a busy machine slows all of them."""
    _warm(question, places)
    served = [family(place.parents[0]) for place in places]
    forget_peaks(pid for pids in served for pid in pids)
    before = [processor_s(place.parents) for place in places]
    took: list[list[float]] = [[] for _ in places]
    own, preparing, peaks = [0.0] * len(places), [0.0] * len(places), [0.0] * len(places)
    for number in range(question.times):
        for nth, place in enumerate(places):
            began_s = processor_s(place.parents)
            question.prepare(place)
            preparing[nth] += processor_s(place.parents) - began_s
            forget_peaks([os.getpid()])
            began, used = time.perf_counter(), time.process_time()
            question.act(place, WARM + number)
            took[nth].append((time.perf_counter() - began) * 1e3)
            own[nth] += time.process_time() - used
            peaks[nth] = max(peaks[nth], *peaks_mb([os.getpid()]).values())
    costs = []
    for nth, place in enumerate(places):
        used_s = processor_s(place.parents) - before[nth] - preparing[nth]
        if question.in_process:
            used_s += own[nth]
        peak = peaks[nth] if question.in_process else max(peaks_mb(served[nth]).values())
        p95 = statistics.quantiles(took[nth], n=20, method="inclusive")[-1]
        median, processor = statistics.median(took[nth]), used_s * 1e3 / question.times
        costs.append(Cost(median, p95, processor, peak))
    return costs


def _warm(question: Question, places: Sequence[Place]) -> None:
    for place in places:
        for number in range(WARM):
            question.prepare(place)
            began = time.perf_counter()
            question.act(place, number)
            if time.perf_counter() - began > SLOW_S:
                break


def row(question: Question, costs: Sequence[Cost]) -> str:
    """A row: each place, and the last against the first."""
    first, last = costs[0], costs[-1]
    ratio = (
        f"{last.median_ms / first.median_ms:,.2f} · {last.processor_ms / first.processor_ms:,.2f}"
    )
    return " | ".join(["", question.name, *map(str, costs), ratio, ""]).strip()


def head(places: Sequence[Place]) -> str:
    """The table's head."""
    names = ["", "what", *(place.name for place in places), "last : first", ""]
    rule = "|" + "---|" * (len(names) - 2)
    return " | ".join(names).strip() + "\n" + rule


TABLES = """
select relname, pg_table_size(oid), pg_indexes_size(oid) from pg_class
where relkind in ('r', 'm') and relnamespace = 'public'::regnamespace
order by pg_total_relation_size(oid) desc limit 8
"""
WHOLE = "select pg_database_size(current_database())"
COUNTRY_YEAR = 34_000_000  # 3,321 communes at their target, 0.7 of the samples count


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
    """A year of the country, not measured: its bytes, and times that grow on as they did."""
    if len(places) < 2:
        return []
    before, last = places[-2:]
    step = math.log(COUNTRY_YEAR / last.rows) / math.log(last.rows / before.rows)
    with psycopg.connect(last.owner_url.replace("+psycopg", "")) as connection:
        [whole] = connection.execute(WHOLE).fetchone() or (0,)
    size = whole * COUNTRY_YEAR / last.rows / 1e9
    lines = [
        f"At {COUNTRY_YEAR / 1e6:g} M, extrapolated and not measured: {size:,.0f} GB; medians if"
        f" each grew on as from {before.name} to {last.name}:"
    ]
    for name, (*_, less, more) in costs.items():
        median = more.median_ms * (more.median_ms / less.median_ms) ** step
        lines.append(f"  {name:<45}{median:12,.1f} ms")
    return lines


def recount(place: Place) -> str:
    """What a timer does each night: compare every count with its rows."""
    with place.app.app_context():
        began = time.monotonic()
        counting.differences()
        earning_sums.differences()
    return f"A recount at {place.name}: {time.monotonic() - began:.0f} s"


def back_up(place: Place, below: Path) -> str:
    """Make a backup, and copy what a restore needs beside it."""
    urls = {name: place.app.config[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    folder = Path(place.app.config["VAR_DIR"])
    _, made_s = _program(["make", str(below)], {"VAR_DIR": str(folder), **urls})
    for name in (BACKUP_KEY, KEPT):
        shutil.copy(folder / name, below)
    [dump] = below.glob(f"dosong-*/{DUMP}")
    return f"A backup: {made_s:.0f} s, {dump.stat().st_size / 1e9:.2f} GB"


def restore(below: Path, folder: Path) -> str:
    """Restore the backup in place of the database it was made of: a disk has room for one."""
    shutil.rmtree(folder)
    [backup] = below.glob("dosong-*")
    words = ["restore", str(backup), "--key", str(below / BACKUP_KEY), "--without-withdrawals"]
    output, restored_s = _program(words, {"VAR_DIR": str(folder)})
    for name in (BACKUP_KEY, KEPT):
        shutil.copy(below / name, folder)
    return f"A restore into an empty folder: {restored_s:.0f} s. {' '.join(output.split())}"


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


SIZES = (100_000, 1_000_000, 20_000_000)


def main() -> None:
    """Print the table, the sizes, an extrapolation, and what a backup and its restore take."""
    options = _arguments()
    print(f"load average before: {os.getloadavg()[0]:.1f}", flush=True)
    with ExitStack() as stack:
        below = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with ExitStack() as running:
            places = [_place(running, rows, below) for rows in sorted(options.rows)]
            print(f"load average after filling: {os.getloadavg()[0]:.1f}\n\n{head(places)}")
            costs: dict[str, Sequence[Cost]] = {}
            for question in [one for one in QUESTIONS if options.only in one.name]:
                costs[question.name] = measure(question, places)
                print(row(question, costs[question.name]), flush=True)
            print(f"\nload average after: {os.getloadavg()[0]:.1f}\n")
            print("\n".join([*bytes_a_row(places[-1]), *foresee(places, costs)]))
            print(recount(places[-1]), flush=True)
            night = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=below)))
            print(back_up(places[-1], night), flush=True)
        print(restore(night, Path(places[-1].app.config["VAR_DIR"])))


def _place(stack: ExitStack, rows: int, below: Path) -> Place:
    folder, name = below / str(rows), f"{rows / 1e6:g} M"
    folder.mkdir(parents=True, exist_ok=True)
    return stack.enter_context(place(folder, name, rows, local_day(utc_now())))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="sizes to compare")
    parser.add_argument("--only", default="", metavar="WORDS", help="rows with these in their name")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="leave the databases here, and use them again"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
