"""The application of the speed test, a process of its own.

Commands: `gunicorn -c config/speed.py`, or for a host alone on its machine
`python -m backend.server.gunicorn.speed`, which says first how to register it.

It has neither database nor units: all its threads may wait for slow clients.
"""

import os
import sys
from pathlib import Path

from flask import Flask

from backend.clock import utc_now
from backend.http import load_shedding, logging, problems
from backend.http.framework import trust_proxies
from backend.monitoring import views as health
from backend.web.measure.speed import new_measuring_host, new_transfer_limiter, speed_bp
from backend.witness.keys import host_key, own_host_id
from config import settings

ROOT = Path(__file__).parents[3]


def speed_app() -> Flask:
    """Build an application that serves the transfers of speed tests and /healthz."""
    app = Flask(__name__, static_folder=None)
    app.config.update(settings.read())
    app.extensions["clock"] = utc_now
    app.extensions["transfer_limiter"] = new_transfer_limiter(app.config, processes=1)
    app.extensions["measuring_host"] = new_measuring_host(app.config)
    trust_proxies(app, app.config["TRUSTED_PROXIES"])
    logging.init_app(app)
    load_shedding.init_app(app)
    problems.init_app(app)
    app.register_blueprint(speed_bp)
    app.add_url_rule("/healthz", view_func=health.healthz)
    return app


def main() -> None:
    """Print the command that registers this host at the installation, and become the server."""
    try:
        config = settings.read()
    except settings.SettingError as error:
        sys.exit(f"Error: {error}")
    id = config["HOST_ID"] or own_host_id(config["SECRET_KEY"])
    key = host_key(config["VAR_DIR"]).public_bytes.hex()
    print("Register this host at the installation, with its name and address:")
    print(f"  scripts/flask hosts add NAME https://… --key {key} --id {id}", flush=True)
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "config" / "speed.py")]
    os.execv(sys.executable, command)  # noqa: S606


if __name__ == "__main__":
    main()
