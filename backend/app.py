"""create_app: builds the application from the packages."""

from functools import partial
from importlib import import_module
from typing import Any

from flask import Flask
from flask_smorest import Blueprint as ApiBlueprint

from backend.clock import Clock, utc_now
from backend.database import migrations
from backend.database.extensions import api, bind_connections, db, library_settings
from backend.fields import DESCRIBED
from backend.http import compression, framework, load_shedding, logging, problems, static_files
from backend.oidc.browser import new_provider
from backend.units.locator import Locator
from backend.witness.networks import CarrierNetworks
from backend.witness.service import TicketIssuer
from backend.witness.verification import StatementVerifier
from config import settings

# Packages with a `views.py` that exports `blueprints`, in the order of the API's document.
VIEWS = (
    "devices", "measurements.privacy", "measurements.recording", "measurements.corrections",
    "measurements.no_connection", "coverage.figures", "coverage.alerts",
    "coverage.targets", "coverage.vnnic", "doors.ogc", "coverage.statistics",
    "coverage.contributions", "coverage.plan", "coverage.signals", "coverage.exclusions",
    "coverage.no_connection", "coverage.samples", "units", "accounts",
    "memberships", "oidc", "organisations", "campaigns", "outreach", "places", "reports.monthly",
    "reports.collector", "reports.open_data", "doors.odata", "events",
    "doors.webhooks",
    "web.public", "web.maps", "web.help", "web.board", "web.setup", "web.desk", "web.measure",
    "web.account", "web.admin", "monitoring", "witness", "doors.open_rmbt",
)  # fmt: skip
# Packages with a `cli.py` that exports `commands`.
COMMANDS = (
    "units", "measurements.recording", "measurements.imports",
    "measurements.archive", "measurements.revision", "measurements.privacy", "coverage.figures",
    "coverage.statistics", "coverage.alerts", "coverage.signals", "coverage.vnnic", "accounts",
    "reports.monthly", "reports.collector", "reports.open_data", "events", "demo", "web.maps",
    "jobs", "monitoring", "witness",
)  # fmt: skip


def create_app(clock: Clock = utc_now, **overrides: Any) -> Flask:
    """Build the application; overrides are settings by name."""
    app = Flask(__name__, static_folder=None)  # served by backend.http.static_files
    app.config.update(settings.read(**overrides))
    app.config.update(library_settings(app.config))
    app.extensions["clock"] = clock
    app.extensions["locator"] = Locator(app.config["VAR_DIR"])
    framework.init_app(app)
    db.init_app(app)
    with app.app_context():
        bind_connections(app)
    migrations.init_app(app)
    logging.init_app(app)
    load_shedding.init_app(app)
    problems.init_app(app)
    compression.init_app(app)
    static_files.init_app(app)
    api.init_app(app, spec_kwargs={"extra_plugins": [framework.OperationNames()]})
    for field, (kind, form) in DESCRIBED.items():
        api.register_field(field, kind, form)
    _register(app)
    return app


def _register(app: Flask) -> None:
    """Register the views and commands of the packages, and the parts of higher packages."""
    from backend.doors.webhooks.delivery import delivering
    from backend.web.admin.job_kinds import KINDS
    from backend.web.measure.speed import new_measuring_host, new_transfer_limiter
    from backend.web.site.blueprint import not_found
    from backend.web.site.moved import bp as moved

    for package in VIEWS:
        for blueprint in import_module(f"backend.{package}.views").blueprints:
            registry = api if isinstance(blueprint, ApiBlueprint) else app
            registry.register_blueprint(blueprint)
    app.register_blueprint(moved)
    for package in COMMANDS:
        for command in import_module(f"backend.{package}.cli").commands:
            app.cli.add_command(command)
    app.register_error_handler(404, not_found)
    app.extensions["transfer_limiter"] = new_transfer_limiter(app.config)
    app.extensions["measuring_host"] = new_measuring_host(app.config)
    app.extensions["ticket_issuer"] = TicketIssuer(
        app.config["SECRET_KEY"], app.config["SPEED_URL"]
    )
    app.extensions["oidc_provider"] = new_provider(app.config)
    app.extensions["statement_verifier"] = StatementVerifier(app.config["SECRET_KEY"])
    app.extensions["carrier_networks"] = CarrierNetworks()
    app.extensions["job_kinds"] = KINDS
    app.extensions["event_delivery"] = partial(delivering, app, app.extensions["clock"])
