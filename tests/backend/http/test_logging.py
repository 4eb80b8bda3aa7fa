"""The log of requests."""

import pytest
import structlog
from flask.testing import FlaskClient
from structlog.testing import CapturingLogger

from backend.http import logging as request_log

IDS = ("0193f2c8-6f1e-7aaa-8888-0123456789ab", "0193F2C86F1E7AAA88880123456789AB")


@pytest.mark.parametrize("identifier", IDS)
def test_ids_are_not_logged(
    client: FlaskClient, identifier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = CapturingLogger()
    log = structlog.wrap_logger(written, processors=[structlog.processors.JSONRenderer()])
    monkeypatch.setattr(request_log, "log", log)
    client.get(f"/api/v1/measurements/{identifier}?lat=21.59")
    logged = str(written.calls)
    assert '"path": "/api/v1/measurements/-"' in logged
    assert identifier[:8] not in logged and "21.59" not in logged
