"""A FastAPI and asyncpg service that stores samples: `uvicorn fastapi_peer:app`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from places import Places
from pydantic import AwareDatetime, BaseModel, Field
from storage import AUTHENTICATE, REGISTER, answer, hash_of, insert, new_token, row

INSERT = insert("$")
Mbps = Annotated[float | None, Field(ge=0, le=10_000)]
Milliseconds = Annotated[float | None, Field(ge=0, le=60_000)]


class Network(BaseModel):
    """The network of a test."""

    kind: Literal["mobile", "wifi"]
    technology: str | None = None
    mcc: str | None = None
    mnc: str | None = None
    operator: str = ""
    signal_dbm: int | None = None
    roaming: bool = False


class Location(BaseModel):
    """The fix of a test."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    accuracy_m: Annotated[float | None, Field(ge=0)] = None
    provider: str | None = None
    is_mock: bool = False
    fixed_at: AwareDatetime | None = None


class Measurement(BaseModel):
    """One test."""

    id: UUID
    measured_at: AwareDatetime
    status: Literal["finished", "failed"]
    download_mbps: Mbps = None
    upload_mbps: Mbps = None
    ping_ms: Milliseconds = None
    jitter_ms: Milliseconds = None
    network: Network
    location: Location
    server: dict[str, str] | None = None
    app_version: str | None = None


class Batch(BaseModel):
    """Several tests."""

    measurements: Annotated[list[Measurement], Field(min_length=1, max_length=500)]


places = Places()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep a pool of connections."""
    async with asyncpg.create_pool(os.environ["DATABASE"], min_size=1, max_size=8) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


async def authenticate(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> UUID:
    """Return the device of a token."""
    hashed = hash_of(credentials.credentials)
    device = await app.state.pool.fetchval(AUTHENTICATE.format("$1"), hashed)
    if device is None:
        raise HTTPException(401)
    return device


Device = Annotated[UUID, Depends(authenticate)]


@app.get("/healthz")
async def health() -> dict[str, Any]:
    """Answer that the service is up."""
    return {}


@app.post("/api/v1/devices", status_code=201)
async def register() -> dict[str, str]:
    """Register a device."""
    token, stored = new_token()
    await app.state.pool.execute(REGISTER.format("$1"), stored)
    return {"token": token}


@app.post("/measurements", status_code=201)
async def post_one(measurement: Measurement, device: Device) -> dict[str, Any]:
    """Store a sample."""
    location = measurement.location
    unit = places.find(location.longitude, location.latitude)
    await app.state.pool.execute(INSERT, *_row(measurement, device, unit))
    return answer(str(measurement.id), unit)


@app.post("/batches", status_code=201)
async def post_many(batch: Batch, device: Device) -> dict[str, Any]:
    """Store samples."""
    samples = batch.measurements
    units = places.find_many(
        [one.location.longitude for one in samples], [one.location.latitude for one in samples]
    )
    rows = [_row(one, device, unit) for one, unit in zip(samples, units, strict=True)]
    await app.state.pool.executemany(INSERT, rows)  # in one transaction
    return {
        "results": [answer(str(one.id), unit) for one, unit in zip(samples, units, strict=True)]
    }


def _row(measurement: Measurement, device: UUID, unit: int | None) -> tuple[Any, ...]:
    raw = measurement.model_dump_json()
    return row(measurement.model_dump(), device, measurement.measured_at, unit, raw)
