"""Sizes and times of the samples that are stored: an attack leaves little, and no month."""

import gzip
import hmac
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from sqlalchemy import text

from backend.database.extensions import db
from backend.fields import storable
from backend.measurements.recording import intake
from backend.measurements.recording.bodies import MAX_SAMPLE, MAX_UNKNOWN, limit_unknown
from backend.measurements.recording.incoming import parse_item
from backend.measurements.recording.intake import MAX_REJECTED, REJECTED_PER_DAY
from tests.support.clock import FakeClock
from tests.support.factories import location, network, post, register, sample

URL = "/api/v1/measurements"
SIZE = "select pg_total_relation_size('measurements') + pg_total_relation_size('refused')"


def value(app: Flask, statement: str) -> Any:
    with app.app_context():
        return db.session.execute(text(statement)).scalar()


def size(body: Any) -> int:
    return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


# Size


def test_a_sample_above_16_kb_is_rejected_with_the_field(client: FlaskClient) -> None:
    headers = register(client) | {"Accept-Language": "en"}
    fits = sample(log="")
    fits["log"] = "ệ" * ((MAX_SAMPLE - size(fits)) // 3)
    assert post(client, headers, fits).status_code == 201
    answer = post(client, headers, sample(log=fits["log"] + "ệ"))
    assert answer.status_code == 422
    assert answer.json["errors"] == [
        {
            "field": "log",
            "code": "sample_too_large",
            "message": "The sample is larger than 16 kB; this field is the largest.",
        }
    ]


def test_unknown_fields_are_kept_up_to_4_kb_in_all(client: FlaskClient, app: Flask) -> None:
    headers = register(client)
    body = sample(
        small={"x": 1},
        half="a" * (MAX_UNKNOWN // 2),
        large="b" * MAX_UNKNOWN,
        network=network(neighbours="c" * (MAX_UNKNOWN // 4)),
        location=location(fixes="d" * MAX_UNKNOWN),
    )
    assert post(client, headers, body).status_code == 201
    raw = value(app, "select raw from measurements")
    assert set(body) - set(raw) == {"large"}
    assert "neighbours" in raw["network"] and "fixes" not in raw["location"]
    assert raw["location"] == location() and raw["half"] == body["half"]
    # The digest is that of the body as sent.
    assert post(client, headers, body).json["outcome"] == "duplicate"
    assert post(client, headers, body | {"large": "e"}).status_code == 409
    assert post(client, headers, raw).status_code == 409


@pytest.mark.slow
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=1_500), max_size=9), st.randoms())
def test_what_is_kept_does_not_depend_on_the_order(
    unknown: dict[str, str], shuffle: random.Random
) -> None:
    body = unknown | sample()
    names = list(body)
    shuffle.shuffle(names)
    kept = limit_unknown({name: body[name] for name in names})
    assert kept == limit_unknown(body)
    assert sample().keys() <= kept.keys()
    left = {name: one for name, one in kept.items() if name not in sample()}
    assert size(left) <= MAX_UNKNOWN + len(left) + 2


@pytest.mark.slow
def test_many_large_bodies_do_not_fill_the_disk(client: FlaskClient, app: Flask) -> None:
    """Of the review: 296 kB sent, in 8 posts of one sample, made the tables grow by 32 MB."""
    headers = register(client) | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    letters = random.Random(1)
    word = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=30_000))
    before = value(app, SIZE)
    for _ in range(8):
        body = sample(junk=word * 130)
        sent = gzip.compress(json.dumps(body).encode())
        assert client.post(URL, data=sent, headers=headers).status_code == 422
    for _ in range(8):
        sent = gzip.compress(json.dumps(sample(junk=word[:14_000])).encode())
        assert client.post(URL, data=sent, headers=headers).status_code == 201
    assert value(app, SIZE) - before < 300_000
    assert value(app, "select max(length(body)) from refused") <= MAX_REJECTED
    assert value(app, "select max(length(raw::text)) from measurements") < 1_000


def test_rejected_bodies_do_not_fill_the_disk(
    client: FlaskClient, app: Flask, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the review: 2,100 items, 263 kB sent, made the table grow by 27 MB."""
    app.config["MEASUREMENTS_PER_HOUR"] = 10_000
    monkeypatch.setattr(intake, "REJECTED_KEPT", 50)
    one, other = register(client), register(client)
    before = value(app, "select pg_total_relation_size('refused')")
    for n in range(12):
        items = [{"id": sample()["id"], "junk": f"{n} " + "x" * 7_600} for _ in range(500)]
        answer = post(client, one, *items).json
        assert (answer["rejected"], len(answer["results"])) == (500, 500)
        assert all(result["errors"] for result in answer["results"])
    assert value(app, "select pg_total_relation_size('refused')") - before < 1_000_000
    assert value(app, "select count(*) from refused") == REJECTED_PER_DAY
    # Another phone, the next day, and the latest of all.
    post(client, other, {"id": "other"}, {"id": "other"})
    clock.now += timedelta(days=1)
    for _ in range(2):
        post(client, one, *[{"id": n} for n in range(30)])
    assert value(app, "select count(*) from refused") == 2 * REJECTED_PER_DAY + 2
    clock.now += timedelta(days=1)
    post(client, one, *[{"id": n} for n in range(30)])
    assert value(app, "select count(*) from refused") == 50
    assert value(app, "select count(*) from refused where body like '%other%'") == 2


# Texts, and JSON of every kind, as parts that no field of the schema names.
TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["a\x00", "\ud800", "😀", "ệ" * 600, "\\u0000", "NaN", "[" * 60, "x" * 3_000]),
)
NUMBERS = st.one_of(st.floats(), st.integers(), st.sampled_from([1e400, 10**400, -0.0]))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXTS, inner)),
)


def nested(depth: int) -> Any:
    """Lists within each other."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


DEEP = st.sampled_from([48, 49, 50, 60, 200]).map(nested)


@given(st.dictionaries(st.sampled_from(["sent_at", "other", "\udfff"]), JSON | DEEP))
def test_what_can_be_stored_is_found_in_the_canonical_text(others: dict[str, Any]) -> None:
    """A body is rejected, or cut, as by a look at the JSON that is stored."""
    body = others | sample()
    item = parse_item(body, datetime.now(UTC), "key")
    try:
        stored = storable(body)
    except ValidationError as error:
        assert [one.code for one in item.errors] == error.messages
        return
    if len(stored.encode()) > MAX_SAMPLE:
        assert [one.code for one in item.errors] == ["sample_too_large"]
        return
    assert not item.errors
    assert item.raw == (limit_unknown(body) if len(stored.encode()) > MAX_UNKNOWN else body)
    content = {name: one for name, one in body.items() if name not in ("id", "sent_at")}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert item.digest == hmac.digest(b"key", canonical.encode(), "sha256")


def test_a_body_deeper_than_python_can_go_is_rejected() -> None:
    item = parse_item(sample(other=nested(100_000)), datetime.now(UTC), "key")
    assert [one.code for one in item.errors] == ["too_deep"]


# Time


def test_samples_of_other_years_make_no_month(client: FlaskClient, app: Flask) -> None:
    """Of the review: 408 samples dated 1990 to 2023 made 412 months and 822 collections."""
    headers = register(client)
    post(client, headers, sample())
    old = [
        sample(f"{year}-{month:02}-15T09:12:33+07:00")
        for year in range(1990, 2024)
        for month in range(1, 13)
    ]
    answer = post(client, headers, *old)
    assert (answer.json["rejected"], answer.json["accepted"]) == (408, 0)
    codes = {error["code"] for one in answer.json["results"] for error in one["errors"]}
    assert codes == {"too_old"}
    assert value(app, "select count(*) from refused") == REJECTED_PER_DAY
    assert value(app, "select count(*) from measurements") == 1
    assert len(client.get(URL, headers=headers).json["items"]) == 1
    assert value(app, "select count(distinct month) from unit_months") == 1
    assert len(client.get("/ogc/collections").json["collections"]) == 2


@pytest.mark.parametrize(
    ("code", "at"),
    [("in_future", "2024-11-20T12:10:01+00:00"), ("too_old", "2024-09-21T11:59:59+00:00")],
)
def test_a_time_that_no_month_can_use_is_final(
    client: FlaskClient, app: Flask, code: str, at: str
) -> None:
    headers, body = register(client), sample(at)
    first, again = (post(client, headers, body) for _ in range(2))
    for answer in (first, again):
        assert answer.status_code == 422 and answer.json["outcome"] == "rejected"
        [error] = answer.json["errors"]
        assert (error["field"], error["code"]) == ("measured_at", code)
    assert value(app, "select count(*) from measurements") == 0
    assert value(app, "select count(*) from receipts") == 0
    assert json.loads(value(app, "select max(body) from refused")) == body
    own = client.post(f"{URL}/check", json={"ids": [body["id"]]}, headers=headers)
    assert own.json["missing"] == [body["id"]]


def test_a_sample_that_was_stored_in_time_stays_a_duplicate(
    client: FlaskClient, clock: FakeClock
) -> None:
    headers, body = register(client), sample()
    post(client, headers, body)
    clock.now += timedelta(days=70)
    answer = post(client, headers, body)
    assert (answer.status_code, answer.json["outcome"]) == (200, "duplicate")
    assert answer.json["counted"] is True
    old = sample("2024-11-15T12:00:00+07:00")
    batch = post(client, headers, body, old, sample(clock.now.isoformat()))
    assert [one["outcome"] for one in batch.json["results"]] == [
        "duplicate",
        "rejected",
        "accepted",
    ]
    other = post(client, headers, body | {"ping_ms": 30.0})
    assert other.status_code == 409 and other.json["errors"][0]["code"] == "id_taken"


def test_rows_of_earlier_versions_make_no_month(client: FlaskClient, app: Flask) -> None:
    post(client, register(client), sample())
    with app.app_context():
        db.session.execute(
            text("""
            insert into unit_months (month, unit_id, network, too_old)
            select to_char(day, 'YYYY-MM'), 1, 'mobile', 1
            from generate_series(timestamp '1990-01-15', '2023-12-15', interval '1 month') day
        """)
        )
    names = [one["id"] for one in client.get("/ogc/collections").json["collections"]]
    assert names == ["2024-11-mobile", "2024-11-fixed"]
    assert client.get("/").text.count("1990") == 0
