"""What no honest client sends is answered plainly, never with a 500."""

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.unreader import IterUnreader
from sqlalchemy import text

from backend.database.extensions import db
from backend.http.paging import encode_cursor
from tests.support.factories import location, network, register, sample

V1 = "/api/v1"
URL = f"{V1}/measurements"
# Every process that tests has to find the same cases.
ONE = "5f0c7a52-6f0d-4f4e-9d55-5f2d3f0f9a11"
AGREED = {"accepted": True, "version": "2", "accepted_at": "2024-11-01T08:00:00+07:00"}
DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]
# What JSON can say and neither a UTF-8 text nor PostgreSQL can hold, with its code.
UNSTORABLE = [
    ('"\\ud800"', "not_unicode"),
    ('{"\\udfff": 1}', "not_unicode"),
    ('"a\\u0000"', "has_nul"),
    ("1e400", "not_number"),
    ("-1e999", "not_number"),
    (json.dumps(DEEP), "too_deep"),
    ("[" * 900 + "]" * 900, "too_deep"),
]


def send(client: FlaskClient, url: str, body: str, headers: dict[str, str]) -> Any:
    sent = {**headers, "Content-Type": "application/json"}
    return client.post(url, data=body.encode(), headers=sent)


def with_raw(value: str, **changes: Any) -> str:
    """A good sample with an unknown field whose JSON is given."""
    return json.dumps(sample(**changes))[:-1] + f', "unknown": {value}}}'


@pytest.mark.parametrize(("value", "code"), UNSTORABLE)
def test_what_cannot_be_stored_is_refused_in_an_unknown_field(
    client: FlaskClient, value: str, code: str
) -> None:
    answer = send(client, URL, with_raw(value), register(client))
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json["errors"]] == [code]
    assert answer.json["errors"][0]["message"] != code


@pytest.mark.parametrize(("value", "code"), UNSTORABLE)
def test_one_bad_item_never_harms_its_neighbours(
    app: Flask, client: FlaskClient, value: str, code: str
) -> None:
    good = json.dumps(sample())
    bad = f'{with_raw(value)}, {value}, {{"id": {value}}}'
    body = f'{{"measurements": [{good}, {bad}]}}'
    answer = send(client, URL, body, register(client))
    assert answer.status_code == 200
    assert [one["outcome"] for one in answer.json["results"]] == ["accepted", *["rejected"] * 3]
    with app.app_context():
        assert db.session.execute(text("select count(*) from refused")).scalar_one() == 3


@pytest.mark.parametrize(("value", "code"), UNSTORABLE)
def test_a_registration_refuses_what_cannot_be_stored(
    client: FlaskClient, value: str, code: str
) -> None:
    body = json.dumps({"consent": AGREED})[:-1]
    answer = send(client, f"{V1}/devices", f'{body}, "model": {value}}}', {})
    assert answer.status_code == 422
    assert send(client, f"{V1}/withdrawals", f'{{"withdrawal_code": {value}}}', {}).status_code in (
        404,
        422,
    )


@pytest.mark.parametrize("depth", [2_000, 40_000])
def test_json_deeper_than_some_pythons_read_is_refused(client: FlaskClient, depth: int) -> None:
    """Python 3.11 reads 900 levels, 3.14 tens of thousands."""
    deep, headers = "[" * depth + "]" * depth, register(client)
    consent, item = json.dumps(AGREED), with_raw(deep)
    bodies = {
        URL: [item, deep, f'{{"measurements": [{item}, {deep}, {{"id": {deep}}}]}}'],
        f"{V1}/no-connection-notes": [deep, f'{{"notes": [{{"unknown": {deep}}}]}}'],
        f"{V1}/devices": [f'{{"consent": {consent}, "model": {deep}}}', deep],
        f"{V1}/withdrawals": [f'{{"withdrawal_code": {deep}}}'],
    }
    for url, sent in bodies.items():
        for body in sent:
            answer = send(client, url, body, headers)
            outcomes = {one["outcome"] for one in answer.json.get("results", [])}
            assert answer.status_code in (400, 422) or outcomes == {"rejected"}, (url, answer.json)


def test_words_that_only_look_like_nul_are_kept(client: FlaskClient) -> None:
    body = sample(comment="\\u0000", unknown={"\\\\u0000": "\\u0000"})
    assert client.post(URL, json=body, headers=register(client)).status_code == 201


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("download_mbps", {"download_mbps": 10**400}),
        ("ping_ms", {"ping_ms": -(10**4000)}),
        ("cell.identity", {"cell": {"identity": 10**400}}),
        ("location.latitude", {"location": location(latitude=10**309)}),
        ("network.technology", {"network": network(technology="\ud83d")}),
        ("measured_at", {"measured_at": "0001-01-01T00:00:00+14:00"}),
        ("measured_at", {"measured_at": "9999-12-31T23:59:59-14:00"}),
        ("measured_at", {"measured_at": "+" * 5_000}),
    ],
)
def test_a_value_beyond_every_limit_is_named(
    client: FlaskClient, field: str, changes: dict[str, Any]
) -> None:
    answer = client.post(URL, json=sample(**changes), headers=register(client))
    assert answer.status_code == 422
    assert field in [one["field"] for one in answer.json["errors"]]


def test_an_integer_of_hundreds_of_digits_in_an_unknown_field_is_kept(client: FlaskClient) -> None:
    answer = client.post(URL, json=sample(unknown=10**400), headers=register(client))
    assert answer.status_code == 201


def test_an_offset_of_seconds_is_read(client: FlaskClient) -> None:
    body = sample("2024-11-15T09:12:33.000001+07:00:01.500000")
    assert client.post(URL, json=body, headers=register(client)).status_code == 201


@pytest.mark.parametrize("sent_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", 7, {}])
def test_a_wrong_time_of_sending_is_named(client: FlaskClient, sent_at: Any) -> None:
    body = {"measurements": [sample()], "sent_at": sent_at}
    answer = client.post(URL, json=body, headers=register(client))
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "sent_at"


@pytest.mark.parametrize(
    "query",
    [
        "limit=99999999999999999999",
        "limit=-1",
        "limit=x",
        "limit=null",
        "cursor=null",
        "cursor=%00",
        "cursor=%ff",
        "cursor=" + "9" * 5_000,
        f"cursor={encode_cursor('0001-01-01T00:00:00+14:00', ONE)}",
        f"cursor={encode_cursor('9999-12-31T23:59:59-14:00', ONE)}",
        f"cursor={encode_cursor('2024-11-15T00:00:00+00:00:00.5', ONE)}",
        f"cursor={encode_cursor('2024-11-15T00:00:00', ONE)}",
        f"cursor={encode_cursor('2024-11-15T00:00:00Z', chr(0))}",
    ],
)
def test_a_strange_page_of_own_measurements(client: FlaskClient, query: str) -> None:
    assert client.get(f"{URL}?{query}", headers=register(client)).status_code in (200, 422)


STRANGE = ["%00", "%ff", "%F0%9F%92%A9", "null", "9" * 4_000, "0001-01-01", "9999-12-31", "-1", "٣"]
QUERIES = [
    *((f"{V1}/units", name) for name in ("as_of", "level", "parent", "q", "cursor", "limit")),
    *((f"{V1}/units/19", name) for name in ("as_of", "level")),
    *((f"{V1}/units/19/geometry", name) for name in ("as_of", "level", "tolerance_m")),
    *((f"{V1}/coverage?month=2024-11", name) for name in ("level", "network", "parent", "format")),
    (f"{V1}/coverage", "month"),
    *(("/", name) for name in ("month", "network", "parent", "level", "lang")),
    ("/docs", "lang"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("url", "name"), QUERIES)
def test_a_strange_query(client: FlaskClient, url: str, name: str) -> None:
    for value in [*STRANGE, "1e400", "nan", "9999-12", "1900-01", "0001-01"]:
        joined = "&" if "?" in url else "?"
        answer = client.get(f"{url}{joined}{name}={value}")
        assert answer.status_code in (200, 302, 404, 422), f"{name}={value}: {answer.status_code}"


@pytest.mark.parametrize(
    "url",
    [
        f"{V1}/units/{{}}",
        f"{V1}/units/{{}}/geometry",
        f"{V1}/measurements/{{}}",
        "/static/{}",
    ],
)
def test_a_strange_path(client: FlaskClient, url: str) -> None:
    headers = register(client)
    for value in [*STRANGE, quote("../../etc/passwd", safe=""), "x" * 5_000]:
        assert client.get(url.format(value), headers=headers).status_code == 404


def test_strange_ids_are_missing_or_refused(client: FlaskClient) -> None:
    headers = register(client)
    asked = {"ids": ["\u0000", "x" * 36, "١" * 36, "{" + "0" * 34 + "}", "urn:uuid:" + "0" * 27]}
    answer = client.post(f"{URL}/check", json=asked, headers=headers)
    assert answer.status_code == 200 and answer.json["held"] == []
    answer = client.post(f"{URL}/check", json={"ids": ["\ud800"]}, headers=headers)
    assert answer.status_code == 422 and answer.json["errors"][0]["code"] == "not_unicode"


def test_a_strange_token_is_unknown(client: FlaskClient) -> None:
    for token in ("\u00ff", "é" * 100, "x" * 10_000):
        headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        assert client.get(f"{V1}/devices/me", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "chunks", [b"zz\r\n{}", b"-2\r\n{}", b"5\r\n{}", b"2;a=\nb\r\n{}\r\n0\r\n\r\n"]
)
def test_a_malformed_chunk_is_a_bad_request(client: FlaskClient, chunks: bytes) -> None:
    """As gunicorn reads a chunked body where no proxy is in front of it."""
    headers = register(client) | {"Content-Type": "application/json"}
    body = Body(ChunkedReader(SimpleNamespace(trailers=[]), IterUnreader([chunks])))
    environ = {
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    answer = client.post("/api/v1/measurements", headers=headers, environ_overrides=environ)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request"), answer.text
