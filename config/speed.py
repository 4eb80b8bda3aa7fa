"""gunicorn's configuration of the speed test's own process, started by ./scripts/serve."""

from typing import Any

from config import gunicorn, settings
from config.workers import signal_ready

_values = settings.read()

wsgi_app = "backend.server.gunicorn.speed:speed_app()"
bind = f"{gunicorn.host}:{_values['SPEED_PORT']}"
workers = 1  # all slots and budgets are in one process
# One for each transfer, and some for pings and for rejecting more transfers.
threads = _values["SPEED_AT_ONCE"] + 8
worker_class = gunicorn.worker_class
timeout = 60
graceful_timeout = 5  # the app repeats an interrupted test
keepalive = gunicorn.keepalive
worker_tmp_dir = gunicorn.worker_tmp_dir
control_socket_disable = True
forwarded_allow_ips = ""
accesslog = None
errorlog = "-"
loglevel = gunicorn.loglevel


def post_worker_init(worker: Any) -> None:
    """Signal that the process takes requests."""
    signal_ready()
