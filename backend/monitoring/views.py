"""Endpoints for monitoring: liveness, readiness and metrics."""

from functools import cache

from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import text

from backend import VERSION
from backend.database.extensions import db
from backend.metrics import registry
from backend.monitoring.gauges import Installation

bp = Blueprint("health", __name__)
blueprints = (bp,)


@bp.get("/healthz")
def healthz() -> Response:
    """Return the version; the process is alive."""
    return jsonify(status="ok", version=VERSION)


@bp.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Return whether database, migrations and boundaries are ready."""
    checks = {"database": False, "migrations": False, "boundaries": False}
    try:
        db.session.execute(text("select 1"))
        checks["database"] = True
        head = _head(f"{current_app.root_path}/migrations")
        found = db.session.execute(text("select version_num from alembic_version")).scalar()
        checks["migrations"] = found == head
        sets = text("select count(*) from boundary_sets where activation is not null")
        checks["boundaries"] = bool(db.session.execute(sets).scalar())
    except Exception as error:  # with any error of the database the answer is "not ready"
        current_app.logger.warning("not ready: %s", type(error).__name__)
        db.session.rollback()
    ready = all(checks.values())
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


@bp.get("/metrics")
def metrics() -> Response:
    """Return counters of all workers and gauges of the installation for Prometheus."""
    gauges = CollectorRegistry()
    gauges.register(Installation(current_app.config))
    content = generate_latest(registry()) + generate_latest(gauges)
    return Response(content, content_type=CONTENT_TYPE_LATEST)


@cache
def _head(folder: str) -> str | None:
    """Return the migration of this code."""
    return ScriptDirectory(folder).get_current_head()
