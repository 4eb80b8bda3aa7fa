"""How gunicorn serves the app: `gunicorn -c config/gunicorn.py wsgi:app`."""

import gc
import os
from pathlib import Path
from typing import Any

from config import settings
from config.counters import fresh_folder
from config.gunicorn_ready import tell_ready

_values = settings.read()

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:  # started without backend.server
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = fresh_folder(_values["VAR_DIR"])

host = f"[{_values['BIND']}]" if ":" in _values["BIND"] else _values["BIND"]

bind = f"{host}:{_values['PORT']}"
workers = _values["WEB_CONCURRENCY"]
threads = _values["WEB_THREADS"]
# Threads, since posts wait for the database most of their time; it also notes who waited too long.
worker_class = "backend.server.gunicorn.worker.Worker"
preload_app = True  # the workers share one index of communes
timeout = 60  # a batch of 500 over a busy disk takes seconds, never this long
graceful_timeout = 20  # less than systemd and serve wait before they kill
keepalive = 75  # as long as nginx keeps its connections
max_requests = 100_000  # whatever a library leaks is given back some day …
max_requests_jitter = 20_000  # … but never by all workers at once

# The heartbeat's file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True

# Nobody's X-Forwarded-* is believed here: the app does it, as far as TRUSTED_PROXIES says.
forwarded_allow_ips = ""

# The app logs each request itself, as JSON and without its query string, which may hold a
# position. Should somebody switch gunicorn's log on: this form has no query string either.
accesslog = None
access_log_format = '%({x-request-id}o)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'
errorlog = "-"
loglevel = _values["LOG_LEVEL"].lower()


def when_ready(server: Any) -> None:
    """Keep what is loaded out of every collection: else each worker's first copies all of it."""
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """Give up connections that were opened before the fork: two processes cannot share one."""
    from backend.database.extensions import db
    from wsgi import app

    with app.app_context():
        db.engine.dispose(close=False)


def post_worker_init(worker: Any) -> None:
    """Let every worker keep the counts in step and start long work; one at a time does."""
    from backend.measurements.recording.counting import start_count_folder
    from backend.server.running.job_poller import keep_working
    from wsgi import app

    start_count_folder(app)
    keep_working(app)
    tell_ready()
