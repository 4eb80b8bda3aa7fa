"""What the peers without an ORM store: columns, statements and the row of a sample."""

import hashlib
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

COLUMNS = (
    "id", "device_id", "measured_at", "status", "kind", "technology", "operator", "download_mbps",
    "upload_mbps", "ping_ms", "jitter_ms", "latitude", "longitude", "accuracy_m", "unit_id", "raw",
)  # fmt: skip
REGISTER = "insert into devices (token_hash) values ({})"
AUTHENTICATE = "select id from devices where token_hash = {}"


def insert(mark: str) -> str:
    """Return the statement that stores a sample; `mark` is %s or $, which is numbered."""
    marks = [f"${n}" if mark == "$" else mark for n in range(1, len(COLUMNS) + 1)]
    return (
        f"insert into measurements ({', '.join(COLUMNS)}) values ({', '.join(marks)}) "  # noqa: S608
        "on conflict (id) do nothing"
    )


def new_token() -> tuple[str, bytes]:
    """Return a device's token and what is stored of it."""
    token = secrets.token_urlsafe(32)
    return token, hash_of(token)


def hash_of(token: str) -> bytes:
    """Return the hash by which a token is found."""
    return hashlib.sha256(token.encode()).digest()


def row(
    sample: dict[str, Any], device: UUID, at: datetime, unit: int | None, raw: str
) -> tuple[Any, ...]:
    """Return the values of COLUMNS for a valid sample."""
    network, location = sample["network"], sample["location"]
    return (
        UUID(str(sample["id"])), device, at, sample["status"], network["kind"],
        network.get("technology"), network.get("operator") or "", sample.get("download_mbps"),
        sample.get("upload_mbps"), sample.get("ping_ms"), sample.get("jitter_ms"),
        location["latitude"], location["longitude"], location.get("accuracy_m"), unit, raw,
    )  # fmt: skip


def answer(id: str, unit: int | None) -> dict[str, Any]:
    """Return what a phone gets for a stored sample."""
    return {"id": id, "outcome": "accepted", "unit_id": unit}
