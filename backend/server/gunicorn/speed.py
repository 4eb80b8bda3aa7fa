"""The application of the speed test, a process of its own.

Command: `gunicorn -c config/speed.py 'backend.server.gunicorn.speed:speed_app()'`.

It has neither database nor units: all its threads may wait for slow clients.
"""

from flask import Flask

from backend.clock import utc_now
from backend.database.extensions import db
from backend.http import load_shedding, logging, problems
from backend.http.framework import trust_proxies
from backend.monitoring import views as health
from backend.web.measure.speed import new_measuring_host, new_transfer_limiter, speed_bp
from config import settings


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
    app.teardown_appcontext(lambda error: db.session.remove())  # answering an error begins one
    return app
