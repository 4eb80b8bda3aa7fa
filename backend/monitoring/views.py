"""Endpoints for monitoring: liveness, readiness and metrics."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend import VERSION
from backend.database.extensions import db, roll_back
from backend.database.migrations import latest_migration
from backend.metrics import registry
from backend.monitoring.checks import latest_backup
from backend.run_log import runs

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
        head = latest_migration(f"{current_app.root_path}/migrations")
        found = db.session.execute(text("select version_num from alembic_version")).scalar()
        checks["migrations"] = found == head
        sets = text("select count(*) from boundary_sets where activation is not null")
        checks["boundaries"] = bool(db.session.execute(sets).scalar())
    except Exception as error:  # with any error of the database the answer is "not ready"
        current_app.logger.warning("not ready: %s", type(error).__name__)
        roll_back()
    ready = all(checks.values())
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


@bp.get("/metrics")
def metrics() -> Response:
    """Return counters of all workers and gauges of the installation for Prometheus."""
    gauges = CollectorRegistry()
    gauges.register(Installation(current_app.config))
    content = generate_latest(registry()) + generate_latest(gauges)
    return Response(content, content_type=CONTENT_TYPE_LATEST)


# A scrape must not block a worker while the database is overloaded.
TIMEOUT = text("set local statement_timeout = '2s'")
OPEN_REQUESTS = text("""
    select count(*) as n, extract(epoch from min(received_at)) as oldest
    from withdrawal_requests where done_at is null
""")


class Installation(Collector):
    """Gauges of the database and the disk."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def collect(self) -> Iterator[Metric]:
        """Yield the available metrics; those of the database only while it answers."""
        try:
            found = list(_of_database())
        except (SQLAlchemyError, PoolTimeout):
            found = []
        finally:
            roll_back()
        built = GaugeMetricFamily("dosong_build_info", "What runs: 1", labels=["version"])
        built.add_metric([VERSION], 1)
        yield built
        yield _gauge("dosong_database_up", "Whether the database answers", float(bool(found)))
        yield from found
        yield from _of_disk(self.config)


def _of_database() -> Iterator[Metric]:
    db.session.execute(TIMEOUT)
    requests = db.session.execute(OPEN_REQUESTS).one()
    yield _gauge("dosong_withdrawals_open", "Withdrawals asked for and not done", requests.n)
    if requests.oldest is not None:
        yield _gauge(
            "dosong_withdrawals_oldest_timestamp_seconds",
            "When the oldest of them came",
            float(requests.oldest),
        )


def _of_disk(config: Mapping[str, Any]) -> Iterator[Metric]:
    var_dir = Path(config["VAR_DIR"])
    free = shutil.disk_usage(var_dir).free
    yield _gauge("dosong_disk_free_bytes", "Room that is left where VAR_DIR lies", free)
    backup = latest_backup(config)
    if backup is not None:
        at = backup.timestamp()
        yield _gauge("dosong_backup_timestamp_seconds", "When the latest backup was made", at)
    success = GaugeMetricFamily(
        "dosong_job_success_timestamp_seconds", "When a job last succeeded", labels=["job"]
    )
    failures = CounterMetricFamily("dosong_job_failures", "Runs that failed", labels=["job"])
    for job, result in runs(var_dir).items():
        failures.add_metric([job], result["failures"])
        if result["last_success"] is not None:
            success.add_metric([job], result["last_success"])
    yield from (success, failures)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)
