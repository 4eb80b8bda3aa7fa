"""Answers packed for slow lines, as any browser asks for them."""

import gzip

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PACKED = {"Accept-Encoding": "gzip, br"}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that reads what comes, packed or not."""
    return FlaskClient(app, app.response_class)


def get(client: FlaskClient, path: str, headers: dict[str, str] | None = None) -> TestResponse:
    return client.get(path, headers=headers, buffered=True)


@pytest.mark.parametrize(
    "path",
    ["/?lang=vi", "/static/style.css", "/static/vendor/maplibre/maplibre-gl.mjs",
     "/api/v1/coverage?month=2024-11&level=province", "/api/v1/openapi.json"],
)  # fmt: skip
def test_the_same_comes_out_of_a_packed_answer(client: FlaskClient, path: str) -> None:
    plain, packed = get(client, path), get(client, path, PACKED)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert (
        "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
    )
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2


@pytest.mark.parametrize("path", ["/static/style.css", "/api/v1/coverage?month=2024-11"])
def test_who_has_it_packed_is_told_that_nothing_changed(client: FlaskClient, path: str) -> None:
    tag = get(client, path, PACKED).headers["ETag"]
    again = get(client, path, PACKED | {"If-None-Match": tag})
    assert again.status_code == 304 and not again.data


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/healthz", PACKED),  # small as it is
        ("/static/vendor/inter/inter-latin-wght-normal.woff2", PACKED),  # packed by itself
        ("/static/style.css", PACKED | {"Range": "bytes=0-99"}),
        ("/static/style.css", {"Accept-Encoding": "gzip;q=0"}),
        ("/do/down?bytes=100000", PACKED),  # measures the line
    ],
)
def test_what_is_not_packed(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    answer = get(client, path, headers)
    assert answer.status_code in (200, 206)
    assert "Content-Encoding" not in answer.headers
