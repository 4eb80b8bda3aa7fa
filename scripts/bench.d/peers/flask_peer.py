"""A bare Flask and psycopg service that stores samples: `gunicorn flask_peer:app`."""

import os
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from flask import Flask, Response, abort, request
from places import Places
from psycopg_pool import ConnectionPool
from storage import AUTHENTICATE, REGISTER, answer, hash_of, insert, new_token, row

RANGES = {"download_mbps": 10_000, "upload_mbps": 10_000, "ping_ms": 60_000, "jitter_ms": 60_000}
STATUSES, KINDS = {"finished", "failed"}, {"mobile", "wifi"}
INSERT = insert("%s")

app = Flask(__name__)
places = Places()
pool = ConnectionPool(os.environ["DATABASE"], min_size=1, max_size=4, open=False)


def check(sample: dict[str, Any]) -> datetime:
    """Return when a sample was measured; ValueError, KeyError or TypeError if it is not valid."""
    UUID(sample["id"])
    at = datetime.fromisoformat(sample["measured_at"])
    network, location = sample["network"], sample["location"]
    if at.tzinfo is None or sample["status"] not in STATUSES or network["kind"] not in KINDS:
        raise ValueError("measured_at, status or kind")
    if not (-90 <= location["latitude"] <= 90 and -180 <= location["longitude"] <= 180):
        raise ValueError("location")
    for name, most in RANGES.items():
        value = sample.get(name)
        if value is not None and not 0 <= value <= most:
            raise ValueError(name)
    return at


def reply(content: Any, status: int = 201) -> Response:
    """Return an answer of JSON."""
    return Response(orjson.dumps(content), status, mimetype="application/json")


def connect() -> ConnectionPool:
    """Return the pool, opened after the fork."""
    if pool.closed:
        pool.open()
    return pool


@app.get("/healthz")
def health() -> Response:
    """Answer that the service is up."""
    return reply({}, 200)


@app.post("/api/v1/devices")
def register() -> Response:
    """Register a device."""
    token, stored = new_token()
    with connect().connection() as connection:
        connection.execute(REGISTER.format("%s"), [stored])
    return reply({"token": token})


@app.post("/measurements")
def post_one() -> Response:
    """Store a sample."""
    return reply(store([orjson.loads(request.get_data())])[0])


@app.post("/batches")
def post_many() -> Response:
    """Store samples."""
    return reply({"results": store(orjson.loads(request.get_data())["measurements"])})


def store(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check, place and commit samples of the device."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        times = [check(sample) for sample in samples]
    except (ValueError, KeyError, TypeError):
        abort(422)
    locations = [sample["location"] for sample in samples]
    units = places.find_many(
        [one["longitude"] for one in locations], [one["latitude"] for one in locations]
    )
    with connect().connection() as connection:  # commits at its end
        found = connection.execute(AUTHENTICATE.format("%s"), [hash_of(token)]).fetchone()
        if found is None:
            abort(401)
        rows = [
            row(sample, found[0], at, unit, orjson.dumps(sample).decode())
            for sample, at, unit in zip(samples, times, units, strict=True)
        ]
        if len(rows) == 1:
            connection.execute(INSERT, rows[0])
        else:
            connection.cursor().executemany(INSERT, rows)
    return [answer(one["id"], unit) for one, unit in zip(samples, units, strict=True)]
