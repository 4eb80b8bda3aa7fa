"""create_app: the one place where everything meets."""

from typing import Any

from flask import Flask, Request, Response
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from backend.clock import Clock, utc_now
from backend.database.extensions import api, bind_connections, db, migrate
from backend.fields import DESCRIBED
from backend.http import compression, static_files
from backend.http import requests as http
from backend.http.openapi_links import Links
from backend.monitoring import views as health
from backend.units.locator import Locator
from config import settings


class RowNumber(IntegerConverter):
    """An id in a path; what no row can have is 404 and never reaches the database."""

    regex = r"\d{1,9}"


class NoSession(SessionInterface):
    """Flask's own sessions are not used: those of people are rows (backend.accounts.sessions)."""

    def open_session(self, app: Flask, request: Request) -> None:
        return None

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        return None


def create_app(clock: Clock = utc_now, **overrides: Any) -> Flask:
    """Build the application; overrides are settings by name."""
    app = Flask(__name__, static_folder=None)  # backend.http.static_files has them
    app.config.update(settings.read(**overrides))
    app.config.update(_of_libraries(app.config))
    app.extensions["clock"] = clock
    app.extensions["locator"] = Locator(app.config["VAR_DIR"])
    app.session_interface = NoSession()
    app.url_map.converters["int"] = RowNumber
    _answer_readably(app)
    trust_proxies(app, app.config["TRUSTED_PROXIES"])
    db.init_app(app)
    with app.app_context():
        bind_connections(app)
    migrate.init_app(app, db, directory=f"{app.root_path}/migrations")
    http.init_app(app)
    compression.init_app(app)
    static_files.init_app(app)
    api.init_app(app, spec_kwargs={"extra_plugins": [Links()]})
    for field, (kind, form) in DESCRIBED.items():
        api.register_field(field, kind, form)
    _register(app)
    return app


def _answer_readably(app: Flask) -> None:
    """Fields in the order of their schema; letters escaped, since ids are echoed as they came."""
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys = False


def trust_proxies(app: Flask, hops: int) -> None:
    """Take the client's address from so many named proxies, and from nobody else."""
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def _register(app: Flask) -> None:
    """Bind the features' views and commands."""
    import backend.coverage.alerts.cli
    import backend.coverage.statistics.cli
    import backend.coverage.vnnic.cli
    import backend.measurements.archive.cli
    import backend.measurements.imports.cli
    import backend.measurements.revision.cli
    import backend.reports.open_data.cli  # noqa: F401
    from backend.accounts.audit_views import blp as audit
    from backend.accounts.cli import cli as accounts_cli
    from backend.accounts.own_account_views import blp as account
    from backend.accounts.views import blp as people
    from backend.campaigns.team_views import team_blp as teams
    from backend.campaigns.views import campaign_blp as campaigns
    from backend.coverage.alerts.views import blp as alerts
    from backend.coverage.contributions.views import blp as contributions
    from backend.coverage.exclusions.views import blp as exclusions
    from backend.coverage.figures.cli import cli as coverage_cli
    from backend.coverage.figures.views import blp as coverage
    from backend.coverage.ogc.views import blp as ogc
    from backend.coverage.plan.views import blp as plan
    from backend.coverage.samples.views import blp as samples
    from backend.coverage.signals.views import blp as signals
    from backend.coverage.statistics.views import blp as statistics
    from backend.coverage.targets.views import blp as targets
    from backend.coverage.vnnic.views import blp as vnnic
    from backend.demo.cli import cli as demo
    from backend.devices.views import blp as devices
    from backend.jobs.cli import cli as jobs
    from backend.measurements.corrections.views import campaign_blp as decisions
    from backend.measurements.privacy.cli import cli as privacy_cli
    from backend.measurements.privacy.request_views import blp as withdrawals
    from backend.measurements.privacy.views import privacy_blp as privacy
    from backend.measurements.recording.cli import cli as measurements_cli
    from backend.measurements.recording.views import blp as measurements
    from backend.memberships.join_code_views import blp as join_codes
    from backend.memberships.views import blp as joining
    from backend.monitoring.cli import doctor
    from backend.organisations.area_views import area_blp as areas
    from backend.organisations.cluster_views import cluster_blp as clusters
    from backend.organisations.grant_views import blp as granting
    from backend.organisations.views import organisation_blp as organisations
    from backend.reports.monthly.cli import cli as reports_cli
    from backend.reports.monthly.letterhead_views import letterhead_blp as letterheads
    from backend.reports.monthly.seal_views import blp as seals
    from backend.reports.monthly.views import blp as reports
    from backend.reports.open_data.views import bp as open_data
    from backend.team_import.views import blp as teams_bulk
    from backend.units.cli import cli as units_cli
    from backend.units.views import blp as units
    from backend.web.admin.job_kinds import KINDS
    from backend.web.admin.views import bp as admin
    from backend.web.board.form_views import board_pages as board
    from backend.web.desk.office_views import desk_pages as desk
    from backend.web.maps.cli import cli as web_cli
    from backend.web.maps.views import bp as web_map
    from backend.web.measure.speed_views import open_desk, speed_bp
    from backend.web.measure.views import bp as measuring
    from backend.web.public.seal_views import bp as seal_page
    from backend.web.public.sharing_views import bp as sharing
    from backend.web.public.views import bp as web
    from backend.web.site.members import answer_nowhere

    for blueprint in (
        devices,
        privacy,
        withdrawals,
        measurements,
        coverage,
        alerts,
        targets,
        vnnic,
        ogc,
        statistics,
        contributions,
        plan,
        signals,
        exclusions,
        samples,
        units,
        audit,
        people,
        account,
        granting,
        decisions,
        join_codes,
        joining,
        organisations,
        clusters,
        areas,
        teams,
        teams_bulk,
        campaigns,
        letterheads,
        reports,
        seals,
    ):
        api.register_blueprint(blueprint)
    for pages in (
        web,
        web_map,
        board,
        desk,
        sharing,
        seal_page,
        open_data,
        measuring,
        speed_bp,
        admin,
    ):
        app.register_blueprint(pages)
    app.extensions["job_kinds"] = KINDS
    app.register_error_handler(404, answer_nowhere)
    app.extensions["speed_desk"] = open_desk(app.config)
    app.register_blueprint(health.bp)
    for group in (
        units_cli,
        measurements_cli,
        coverage_cli,
        accounts_cli,
        privacy_cli,
        reports_cli,
        demo,
        web_cli,
        jobs,
        doctor,
    ):
        app.cli.add_command(group)


def _of_libraries(config: dict[str, Any]) -> dict[str, Any]:
    """What the libraries want to be told, derived from our settings."""
    return {
        "SQLALCHEMY_DATABASE_URI": config["DATABASE_URL"],
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": config["DATABASE_POOL"],
            "max_overflow": 0,
            "pool_timeout": config["DATABASE_TIMEOUT_S"],
            "connect_args": {
                "connect_timeout": max(2, config["DATABASE_TIMEOUT_S"]),
                **({} if config["DATABASE_PREPARED"] else {"prepare_threshold": None}),
            },
        },
        "API_TITLE": "Đo Sóng",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/api/v1",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "info": {"description": "Speed tests of mobile and fixed networks, by commune."},
            "servers": [{"url": "/"}],
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "session": {"type": "apiKey", "in": "cookie", "name": "dosong_session"},
                }
            },
        },
        "PROPAGATE_EXCEPTIONS": False,
    }
