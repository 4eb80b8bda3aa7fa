"""Is the process alive, can it serve, and what has it done."""

from functools import cache

from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import text

from backend import VERSION
from backend.database.extensions import db
from backend.metrics import counted
from backend.monitoring.gauges import Installation

bp = Blueprint("health", __name__)
blueprints = (bp,)


@bp.get("/healthz")
def healthz() -> Response:
    """Say that the process answers, and of which version it is."""
    return jsonify(status="ok", version=VERSION)


@bp.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Say whether database, migrations and boundaries are there."""
    checks = {"database": False, "migrations": False, "boundaries": False}
    try:
        db.session.execute(text("select 1"))
        checks["database"] = True
        head = _head(f"{current_app.root_path}/migrations")
        found = db.session.execute(text("select version_num from alembic_version")).scalar()
        checks["migrations"] = found == head
        sets = text("select count(*) from boundary_sets where activation is not null")
        checks["boundaries"] = bool(db.session.execute(sets).scalar())
    except Exception as error:  # whatever is wrong with the database, the answer is "not ready"
        current_app.logger.warning("not ready: %s", type(error).__name__)
        db.session.rollback()
    ready = all(checks.values())
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


@bp.get("/metrics")
def metrics() -> Response:
    """Tell what all workers did and how the installation stands, in Prometheus' text form."""
    standing = CollectorRegistry()
    standing.register(Installation(current_app.config))
    told = generate_latest(counted()) + generate_latest(standing)
    return Response(told, content_type=CONTENT_TYPE_LATEST)


@cache
def _head(folder: str) -> str | None:
    """The migration that this code expects."""
    return ScriptDirectory(folder).get_current_head()
