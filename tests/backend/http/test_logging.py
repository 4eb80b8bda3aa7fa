"""The log of requests."""

import io
from pathlib import Path

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


def test_a_log_on_a_full_disk_fails_no_request(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        file = io.TextIOWrapper(full, write_through=True)
        log = structlog.wrap_logger(request_log.LineLogger(file))
        monkeypatch.setattr(request_log, "log", log)
        assert client.get("/healthz").status_code == 200
        with pytest.raises(OSError, match="No space"):
            file.write("a line")
        file.detach()
