"""The speed test's own process.

Command: `gunicorn -c config/speed.py 'backend.server.gunicorn.speed:speed_app()'`.

It holds no database and no units, so that its threads can all wait for slow lines.
"""

from flask import Flask

from backend.app import trust_proxies
from backend.clock import utc_now
from backend.database.extensions import db
from backend.http import requests as http
from backend.monitoring import views as health
from backend.web.measure.speed_views import open_desk, speed_bp
from config import settings


def speed_app() -> Flask:
    """Build an application that serves /do/down and /do/up, and tells that it lives."""
    app = Flask(__name__, static_folder=None)
    app.config.update(settings.read())
    app.extensions["clock"] = utc_now
    app.extensions["speed_desk"] = open_desk(app.config, processes=1)
    trust_proxies(app, app.config["TRUSTED_PROXIES"])
    http.init_app(app)
    app.register_blueprint(speed_bp)
    app.add_url_rule("/healthz", view_func=health.healthz)
    app.teardown_appcontext(lambda error: db.session.remove())  # what answers an error begins one
    return app
