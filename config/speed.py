"""How gunicorn serves the speed test in a process of its own; ./scripts/serve starts it."""

from typing import Any

from config import gunicorn, settings
from config.gunicorn_ready import tell_ready

_values = settings.read()

bind = f"{gunicorn.host}:{_values['SPEED_PORT']}"
workers = 1  # one process knows all slots and budgets
# A thread for each transfer, and some that answer pings and tell who comes too many to wait.
threads = _values["SPEED_AT_ONCE"] + 8
worker_class = "gthread"
timeout = 60
graceful_timeout = 5  # a test that is cut off is taken again
keepalive = gunicorn.keepalive
worker_tmp_dir = gunicorn.worker_tmp_dir
control_socket_disable = True
forwarded_allow_ips = ""
accesslog = None
errorlog = "-"
loglevel = gunicorn.loglevel


def post_worker_init(worker: Any) -> None:
    """Tell that the process takes requests."""
    tell_ready()
