"""The web server's process: migrate and load data, then run gunicorn.

Preparing has child processes of its own: the memory that migrations, polygons and the demo need is
free afterwards, and none of it is shared with the workers. The children are forked, because most of
the time of a start is the import of libraries.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import click
from flask import Flask
from gunicorn.app.wsgiapp import WSGIApplication
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.clock import local_day, month_end, utc_now
from backend.coverage.figures.month import warm_lists
from backend.database.extensions import db
from backend.database.migrations import latest_migration
from backend.demo.service import is_loaded
from backend.demo.users import is_empty
from backend.units import outlines
from backend.units.catalogue import REFORM, read_active
from backend.units.index import unit_index
from backend.units.service import set_on
from config.workers import wait_for_database

ROOT = Path(__file__).parents[3]
REPORTED_S = 2.0
# Processes compute while others wait for PostgreSQL.
DEMO_WORKERS = min(os.cpu_count() or 1, 4) + 1


def main(arguments: list[str]) -> None:
    """Prepare and serve; returns only by SystemExit."""
    from wsgi import app

    compiled = template_folder(app).exists()
    works = [partial(prepare, app, demo="--demo" in arguments)]
    if not compiled:  # a first start
        works.append(partial(preload_templates, app))
    with beside(*works):
        if compiled:
            preload_templates(app)
            wait_for_database()
            if is_migrated(app):
                warm(app)
    if not compiled:
        preload_templates(app)
    warm(app)  # what the child added
    with app.app_context():
        db.engine.dispose()  # gunicorn forks: no connection may be open
    rest = [word for word in arguments if word != "--demo"]  # for gunicorn
    sys.argv = ["gunicorn", "-c", str(ROOT / "config" / "gunicorn.py"), *rest, "wsgi:app"]
    WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]", prog="gunicorn").run()


def is_migrated(app: Flask) -> bool:
    """Return whether the tables are at the migration of this code: preparing changes none then."""
    head = latest_migration(f"{app.root_path}/migrations")
    found: str | None = None
    with app.app_context(), suppress(SQLAlchemyError):  # of an empty database, or none
        found = db.session.scalar(text("select version_num from alembic_version"))
    return found == head


def warm(app: Flask) -> None:
    """Read what the workers share, unless it was read already and is the same.

    Some threads wait for PostgreSQL while another makes objects of what it has read.
    """
    today = local_day(utc_now())
    works = (
        partial(warm_lists, [month_end(f"{today:%Y-%m}"), REFORM - timedelta(days=1)]),
        lambda: unit_index().warm(),
        lambda: app.extensions["locator"].warm_sets(read_active()),
    )

    def run(work: Callable[[], None]) -> None:
        with app.app_context():
            work()

    with ThreadPoolExecutor(len(works)) as threads:
        for _ in threads.map(run, works):
            pass


@contextmanager
def beside(*works: Callable[[], None]) -> Iterator[None]:
    """Run works in forked processes meanwhile; SystemExit with the status of one that fails.

    They end with this process, also where it fails or is terminated.
    """
    children = [get_context("fork").Process(target=_run_child, args=(work,)) for work in works]
    # A signal waits until this process knows its children, and a child has its own handlers.
    arrived: list[int] = []
    former = signal.signal(signal.SIGTERM, lambda number, frame: arrived.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        for child in children:
            child.start()
        signal.signal(signal.SIGTERM, _exit)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        if arrived:  # in another thread, which does not block it
            _exit(arrived[0])
        yield
        for child in children:
            child.join()
            if child.exitcode:
                raise SystemExit(child.exitcode if child.exitcode > 0 else 128 - child.exitcode)
    finally:
        for child in children:
            if child.is_alive():
                child.terminate()
                child.join()
        signal.signal(signal.SIGTERM, former)


def _exit(number: int, frame: object = None) -> None:
    signal.signal(number, signal.SIG_IGN)  # the children are ended first
    raise SystemExit(128 + number)


def _run_child(work: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent sends SIGTERM
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    gc.freeze()
    gc.enable()
    work()


def prepare(app: Flask, demo: bool) -> None:
    """Migrate; load units and boundaries, and the demo months with `demo`."""
    from flask_migrate import upgrade  # late: this process alone needs it

    wait_for_database()
    with app.app_context():
        with step("Bringing the database up to date"):
            upgrade()
        with step("Loading units and boundaries"):
            command(app, "units", "setup")
        if demo and not is_loaded():
            people = ["--people"] if is_empty() else []  # never where real people have accounts
            with step("Loading the demo months"):
                command(app, "demo", "load", "--workers", str(DEMO_WORKERS), *people)
        if active := set_on(local_day(utc_now())):
            outlines.country(active)  # for a fast first page
        db.session.remove()


def template_folder(app: Flask) -> Path:
    """Return the folder of compiled templates."""
    folder: Path = app.config["VAR_DIR"] / "templates"
    return folder


def preload_templates(app: Flask) -> None:
    """Load all templates: files may be replaced by newer ones while this process serves.

    Compiled ones are kept in VAR_DIR: a next start takes those whose source is the same.
    """
    folder = template_folder(app)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)


def command(app: Flask, *words: str) -> None:
    """Run a command of the app; an error ends the start."""
    try:
        app.cli.main(list(words), prog_name="flask", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(1) from error


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print a step, and its time if it was long."""
    print(f"{name} …", flush=True)
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    if took > REPORTED_S:
        print(f"{name}: done in {took:.0f} s", flush=True)
