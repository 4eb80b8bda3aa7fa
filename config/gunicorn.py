"""gunicorn's configuration: `gunicorn -c config/gunicorn.py wsgi:app`."""

import os
from pathlib import Path
from typing import Any

from config import settings
from config.workers import THREADS, fresh_folder, refuse_root, signal_ready

_values = settings.read()
refuse_root(_values["MODE"])

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:  # started without backend.server
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = fresh_folder(_values["VAR_DIR"])

host = f"[{_values['BIND']}]" if ":" in _values["BIND"] else _values["BIND"]

bind = f"{host}:{_values['PORT']}"
workers = _values["WEB_CONCURRENCY"]
threads = THREADS
worker_class = "gthread"
limit_request_line = 8190  # as much as nginx takes, which refuses longer ones
preload_app = True  # the workers share one index of communes
timeout = 60  # a batch of 500 takes seconds on a busy disk
graceful_timeout = 20  # less than the timeouts of systemd and serve
keepalive = 75  # as long as nginx keeps its connections
max_requests = 100_000  # bounds leaks of libraries …
max_requests_jitter = 20_000  # … not in all workers at once

# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True

# The app evaluates X-Forwarded-* by TRUSTED_PROXIES.
forwarded_allow_ips = ""

# The app logs requests as JSON without the query string, which may contain a position. The format
# for gunicorn's own log, if it is switched on, has no query string either.
accesslog = None
access_log_format = '%({x-request-id}o)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'
errorlog = "-"
loglevel = "info"


def when_ready(server: Any) -> None:
    """Prepare memory and signals for the fork of the workers."""
    from backend.server.gunicorn.forking import freeze, let_forked_processes_end

    freeze()
    let_forked_processes_end()


def post_fork(server: Any, worker: Any) -> None:
    """Drop connections opened before the fork: processes cannot share them."""
    from backend.database.extensions import db
    from wsgi import app

    with app.app_context():
        db.engine.dispose(close=False)


def post_worker_init(worker: Any) -> None:
    """Start the threads of a worker; one worker at a time starts jobs."""
    from backend.server.gunicorn.forking import start_trimming
    from backend.server.running.job_poller import start_job_poller
    from wsgi import app

    start_job_poller(app)
    start_trimming()
    signal_ready()
