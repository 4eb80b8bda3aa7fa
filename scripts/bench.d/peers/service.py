"""A FastAPI and asyncpg service that does the work of a post: `uvicorn service:app`."""

import os
import pickle
import secrets
import time as clock
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from math import asin, cos, radians, sin, sqrt
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import jwt
import orjson
import shapely
from asyncpg import Connection, Record, create_pool
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel, Field

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WINDOW, RADIUS_M, COARSE_M = timedelta(hours=4), 100.0, 2_000.0
DAILY_CAP, COMMUNE_CAP = 100, 150
CAPS = {"daily_cap", "commune_cap"}
NOT_COUNTED = {"repeat", *CAPS}  # the others are not valid
# Of tickets and of witnesses of the one measuring host.
ALGORITHM, TICKET_LIFE_S, TOLERANCE = "EdDSA", 86_400, 1.25
HOST, HOST_KEY = os.environ["HOST"], bytes.fromhex(os.environ["HOST_KEY"])
HOST_PUBLIC_KEY = Ed25519PublicKey.from_public_bytes(HOST_KEY)
ISSUER_KEY, ISSUER = Ed25519PrivateKey.from_private_bytes(bytes(32)), "peer"


class Network(BaseModel, extra="allow"):
    """The network of a test."""

    kind: Literal["mobile", "wifi", "ethernet"]
    mnc: str | None = None


class Location(BaseModel, extra="allow"):
    """The fix of a test."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    accuracy_m: float | None = None


class Test(BaseModel):
    """The ticket of a test, and what the measuring host has signed of it."""

    ticket: Annotated[str, Field(max_length=2_000)]
    witness: Annotated[str, Field(max_length=2_000)]


class TicketRequest(BaseModel):
    """How much a test shall transfer."""

    profile: Literal["small", "full"]


class Measurement(BaseModel, extra="allow"):
    """One test; other properties are kept as they are."""

    id: UUID
    measured_at: AwareDatetime
    status: Literal["finished", "failed", "aborted"]
    download_mbps: float | None = Field(None, ge=0, le=1_000_000)
    upload_mbps: float | None = Field(None, ge=0, le=1_000_000)
    ping_ms: float | None = Field(None, ge=0, le=1_000_000)
    network: Network
    location: Location | None
    test: Test | None = None


class Batch(BaseModel):
    """Several tests."""

    measurements: Annotated[list[Measurement], Field(min_length=1, max_length=500)]


@dataclass(slots=True)
class Sample:
    """A measurement as the rules see it."""

    id: UUID
    measured_at: datetime
    day: date
    network: str
    operator: str | None
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None
    unit_id: int | None
    assurance: Literal["witnessed", "claimed"]
    own_reasons: list[str]
    reasons: list[str] | None = None  # None until it is judged


New = dict[UUID, tuple[Sample, Measurement]]
Judged = tuple[Sample, list[str]]
Result = dict[str, Any]
COLUMNS = [field.name for field in fields(Sample)]
VALUES = attrgetter(*COLUMNS)
DEVICE = "select id, team_id from devices where token_hash = $1 for update"
RECEIVE = """
    insert into receipts (id, device_id, digest)
    select id, $1, digest from unnest($2::uuid[], $3::bytea[]) as sent (id, digest)
    on conflict do nothing returning id
"""
KNOWN = """
    select r.id, r.device_id, r.digest, m.unit_id, m.reasons
    from receipts r left join measurements m using (id) where r.id = any($1::uuid[])
"""
TIMELINE = f"""
    select {", ".join(COLUMNS)} from measurements
    where device_id = $1 and measured_at >= $2 and measured_at < $3
"""  # noqa: S608
BEFORE = """
    select unit_id, network, count(*) as n from measurements
    where device_id = $1 and day >= $2 and measured_at < $3 and counted group by unit_id, network
"""
INSERT = f"""
    insert into measurements ({", ".join(COLUMNS)}, device_id, team_id, raw)
    values ({", ".join(f"${n}" for n in range(1, len(COLUMNS) + 4))})
"""  # noqa: S608
UPDATE = "update measurements set reasons = $2 where id = $1"
ADD = """
    insert into {table} as t ({key} unit_id, day, network, received, valid, counted)
    select {value} * from unnest($1::int[], $2::date[], $3::text[], $4::int[], $5::int[], $6::int[])
    on conflict ({key} unit_id, day, network) do update set
        received = t.received + excluded.received, valid = t.valid + excluded.valid,
        counted = t.counted + excluded.counted
"""
ISSUE = """
    insert into tickets (id, device_id, profile, expires_at) values ($1, $2, $3, $4)
    on conflict do nothing
"""
USE = """
    update tickets set used_by = $1
    where id = $2 and device_id = $3 and profile = $4 and used_by is null and expires_at >= $5
    returning id
"""
COUNT = ADD.format(table="counts", key="", value="")
CREDIT = ADD.format(table="credits", key="team_id,", value="$7,")


class Places:
    """Polygons of communes, EPSG:4326, from the file that `POLYGONS` names."""

    def __init__(self) -> None:
        content = pickle.loads(Path(os.environ["POLYGONS"]).read_bytes())  # noqa: S301
        self._units: list[int] = [unit for unit, _, _ in content]
        self.codes: dict[int | None, str] = {unit: code for unit, code, _ in content}
        polygons = shapely.from_wkb([polygon for _, _, polygon in content])
        shapely.prepare(polygons)
        self._tree = shapely.STRtree(polygons)

    def find(self, locations: list[Location | None]) -> list[int | None]:
        """Return the unit whose polygon has the point, None where there is none."""
        units: list[int | None] = [None] * len(locations)
        points = [one and shapely.Point(one.longitude, one.latitude) for one in locations]
        for point, polygon in zip(*self._tree.query(points, predicate="intersects"), strict=True):
            units[point] = self._units[polygon]
        return units


def new_sample(sent: Measurement, unit: int | None, began: datetime | None) -> Sample:
    """Return the sample of a body, with the reasons that follow from it alone."""
    location, reasons = sent.location, list[str]()
    if location is None or location.accuracy_m is None or location.accuracy_m < 0:
        unit, reasons = None, ["position_missing"]
    elif location.accuracy_m > COARSE_M:
        unit, reasons = None, ["position_coarse"]
    elif unit is None:
        reasons = ["outside_communes"]
    if sent.status != "finished":
        reasons.append("failed_test")
    position = [location and getattr(location, name) for name in COLUMNS[5:8]]
    measured_at, assurance = began or sent.measured_at, "witnessed" if began else "claimed"
    day = measured_at.astimezone(ZONE).date()
    network = "mobile" if sent.network.kind == "mobile" else "fixed", sent.network.mnc
    return Sample(sent.id, measured_at, day, *network, *position, unit, assurance, reasons)


def repeats(sample: Sample, one: Sample) -> bool:
    """Return whether a counted sample `one` stands for a later one in its spot."""
    recent = one.measured_at > sample.measured_at - WINDOW
    if not recent or (one.network, one.operator) != (sample.network, sample.operator):
        return False
    phi, psi = radians(one.latitude), radians(sample.latitude)
    half = radians(sample.longitude - one.longitude) / 2
    chord = sin((psi - phi) / 2) ** 2 + cos(phi) * cos(psi) * sin(half) ** 2
    distance_m = 2 * 6_371_008.8 * asin(sqrt(chord))
    return distance_m <= max(RADIUS_M, one.accuracy_m, sample.accuracy_m)


def judge(timeline: Iterable[Sample], in_commune: Counter[Any]) -> Iterator[Judged]:
    """Yield the samples of a device, in order of time, with their reasons."""
    anchors, of_day = list[Sample](), Counter[date]()
    for sample in timeline:
        reasons = list(sample.own_reasons)
        commune = sample.unit_id, sample.network, sample.day.replace(day=1)
        if not reasons and any(repeats(sample, one) for one in reversed(anchors)):
            reasons.append("repeat")
        elif not reasons and of_day[sample.day] >= DAILY_CAP:
            reasons.append("daily_cap")
        elif not reasons and in_commune[commune] >= COMMUNE_CAP:
            reasons.append("commune_cap")
        if CAPS.issuperset(reasons):
            anchors.append(sample)
            of_day[sample.day] += 1
        in_commune[commune] += not reasons
        yield sample, reasons


places = Places()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep a pool of connections."""
    async with create_pool(os.environ["DATABASE"], min_size=1, max_size=8) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)
Credentials = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


def digest(content: str) -> bytes:
    """Return the digest of a token, or of the content of a measurement."""
    return sha256(content.encode()).digest()


@app.post("/api/v1/devices", status_code=201)
async def register() -> Result:
    """Register a device."""
    token = secrets.token_urlsafe(32)
    await app.state.pool.execute("insert into devices (token_hash) values ($1)", digest(token))
    return {"token": token}


@app.post("/api/v1/memberships", status_code=201)
async def join(by: Credentials) -> Result:
    """Let a device join the team."""
    statement = "update devices set team_id = 1 where token_hash = $1"
    await app.state.pool.execute(statement, digest(by.credentials))
    return {}


@app.post("/api/v1/tests", status_code=201)
async def begin_test(body: TicketRequest, by: Credentials) -> Result:
    """Issue a ticket."""
    async with app.state.pool.acquire() as connection, connection.transaction():
        device = await device_of(connection, by)
        return await issue(connection, device, uuid4(), body.profile)


@app.post("/api/v1/measurements")
async def post(
    body: Batch | Measurement, by: Credentials, next_test: Literal["small", "full"] | None = None
) -> Response:
    """Store one sample or several of a device; also issue the next ticket if asked."""
    sent = body.measurements if isinstance(body, Batch) else [body]
    async with app.state.pool.acquire() as connection, connection.transaction():
        device = await device_of(connection, by)
        results = await record(connection, device, sent)
        content = {"results": results} if isinstance(body, Batch) else results[0]
        if next_test:
            id = uuid5(sent[0].id, next_test)
            content["next_test"] = await issue(connection, device, id, next_test)
    return Response(orjson.dumps(content), 201, media_type="application/json")


async def device_of(connection: Connection, by: HTTPAuthorizationCredentials) -> Record:
    """Lock the device of a token."""
    device = await connection.fetchrow(DEVICE, digest(by.credentials))
    if device is None:
        raise HTTPException(401)
    return device


async def issue(connection: Connection, device: Record, id: UUID, profile: str) -> Result:
    """Store and sign a ticket."""
    now = int(clock.time())
    expires = now + TICKET_LIFE_S
    await connection.execute(ISSUE, id, device["id"], profile, datetime.fromtimestamp(expires, UTC))
    claims = {
        "jti": str(id), "iss": ISSUER, "sub": str(device["id"]), "aud": HOST, "profile": profile,
        "iat": now, "exp": expires,
    }  # fmt: skip
    return {"ticket": jwt.encode(claims, ISSUER_KEY, ALGORITHM)}


async def witnessed(connection: Connection, device: Record, sent: Measurement) -> datetime | None:
    """Use the ticket of a sample; return when the witnessed test began, None without a witness."""
    if sent.test is None:
        return None
    try:
        ticket = jwt.decode(sent.test.ticket, options={"verify_signature": False})
        seen = jwt.decode(sent.test.witness, HOST_PUBLIC_KEY, [ALGORITHM], audience=ISSUER)
        same = all(ticket[name] == seen[name] for name in ("jti", "sub", "profile"))
        begin, id = datetime.fromtimestamp(seen["start"], UTC), UUID(seen["jti"])
        pairs = (sent.download_mbps, seen["down"]), (sent.upload_mbps, seen["up"])
        enough = all(
            one["complete"] and (claimed or 0) <= TOLERANCE * one["mbps"] for claimed, one in pairs
        )
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        return None
    if not (same and enough):
        return None
    used = await connection.fetchval(USE, sent.id, id, device["id"], seen["profile"], begin)
    return begin if used else None


async def record(connection: Connection, device: Record, sent: list[Measurement]) -> list[Result]:
    """Record samples in one transaction; return the result of each."""
    ids = [one.id for one in sent]
    digests = [digest(one.model_dump_json(exclude={"id"})) for one in sent]
    added = {row["id"] for row in await connection.fetch(RECEIVE, device["id"], ids, digests)}
    new: New = {}
    for one, unit in zip(sent, places.find([one.location for one in sent]), strict=True):
        if one.id in added and one.id not in new:
            began = await witnessed(connection, device, one)
            new[one.id] = new_sample(one, unit, began), one
    if new:
        await store(connection, device, new)
    rows = await connection.fetch(KNOWN, ids) if len(new) < len(sent) else []
    known, results = {row["id"]: row for row in rows}, list[Result]()
    for id, content in zip(ids, digests, strict=True):
        if found := new.pop(id, None):
            sample = found[0]
            shown = answer(id, "accepted", sample.unit_id, sample.reasons)
            results.append(shown | {"assurance": sample.assurance})
        elif (known[id]["device_id"], known[id]["digest"]) == (device["id"], content):
            results.append(answer(id, "duplicate", known[id]["unit_id"], known[id]["reasons"]))
        else:
            results.append({"id": id, "outcome": "conflict"})
    return results


async def store(connection: Connection, device: Record, new: New) -> None:
    """Judge the days of new samples, store what changes, count it and credit the team."""
    days = sorted(sample.day for sample, _ in new.values())
    begin, end = (datetime.combine(day, time(), ZONE) for day in (days[0], days[-1]))
    span = begin - WINDOW, end + timedelta(days=1)
    rows = await connection.fetch(TIMELINE, device["id"], *span)
    timeline = [Sample(**row) for row in rows] + [sample for sample, _ in new.values()]
    timeline.sort(key=lambda one: (one.measured_at, one.id))
    month = days[0].replace(day=1)
    before = await connection.fetch(BEFORE, device["id"], month, span[0])
    in_commune = Counter({(row["unit_id"], row["network"], month): row["n"] for row in before})
    sums = defaultdict[tuple[int, date, str], list[int]](lambda: [0, 0, 0])
    for sample, reasons in judge(timeline, in_commune):
        stored = sample.reasons
        if reasons != stored and sample.day >= days[0]:
            change = sums[sample.unit_id or 0, sample.day, sample.network]
            change[0] += stored is None
            change[1] += stored is None and not sample.own_reasons  # which alone decide it
            change[2] += (not reasons) - (stored == [])
            sample.reasons = reasons
            if stored is not None:
                await connection.execute(UPDATE, sample.id, reasons)
    rows = [(*VALUES(one), *device.values(), body.model_dump_json()) for one, body in new.values()]
    await connection.executemany(INSERT, rows)
    # In one order of keys, so that no two posts wait for each other.
    columns = list(zip(*((*key, *sums[key]) for key in sorted(sums)), strict=True))
    await connection.execute(COUNT, *columns)
    if device["team_id"]:
        await connection.execute(CREDIT, *columns, device["team_id"])


def answer(id: UUID, outcome: str, unit: int | None, reasons: list[str]) -> Result:
    """Return the result of a stored sample."""
    verdict = {"valid": NOT_COUNTED.issuperset(reasons), "counted": not reasons}
    commune = unit and {"code": places.codes[unit]}
    codes = [{"code": code} for code in reasons]
    return {"id": id, "outcome": outcome, "reasons": codes, "unit": commune, **verdict}
