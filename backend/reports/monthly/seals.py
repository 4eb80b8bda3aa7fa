"""Seals: a statement about an approved report, signed with the server's key (Ed25519).

The statement has the digests of figures and files, the approver and the time. It is not the
office's legal signature. A seal can be verified with the public key alone, without the server.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import func, select, text

from backend.database.extensions import db
from backend.reports.files.canonical import canonical_json
from backend.reports.monthly.models import ReportRow, SealKey
from config.settings import generated_key

KEY_FILE = "seal_key"
# Workers register a new key one after another, so that it gets one number.
LOCK = text("select pg_advisory_xact_lock(hashtext('dosong seal keys'))")


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed statement, its signature, and the number of the key."""

    statement: str
    signature: bytes
    key_number: int

    def serialize(self) -> dict[str, Any]:
        """Return the seal for an answer of the API."""
        return {
            "statement": self.statement,
            "signature": self.signature.hex(),
            "key": self.key_number,
            "algorithm": "Ed25519",
        }


def create_seal(statement: Mapping[str, Any], now: datetime, var_dir: Path) -> Seal:
    """Sign a statement; create the key if there is none."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(generated_key(var_dir / KEY_FILE)))
    number = _key_number(key.public_key().public_bytes_raw(), now)
    signed = canonical_json({**statement, "key": number})
    return Seal(signed.decode(), key.sign(signed), number)


def seal_of(row: ReportRow) -> Seal | None:
    """Return the seal of an approved report."""
    if row.statement is None or row.signature is None or row.key_number is None:
        return None
    return Seal(row.statement, row.signature, row.key_number)


def verify_seal(seal: Seal, digest: str, public_key: bytes) -> bool:
    """Return whether a seal's signature is valid and its statement has a digest."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            seal.signature, seal.statement.encode()
        )
    except InvalidSignature:
        return False
    statement = json.loads(seal.statement)
    return digest == statement["digest"] or digest in statement["files"].values()


def list_keys() -> dict[str, Any]:
    """Return the public halves of all present and former keys."""
    rows = db.session.scalars(select(SealKey).order_by(SealKey.number))
    return {
        "items": [
            {
                "number": row.number,
                "algorithm": "Ed25519",
                "public_key": row.public_key.hex(),
                "first_used_at": row.first_used_at,
            }
            for row in rows
        ]
    }


def _key_number(public_key: bytes, now: datetime) -> int:
    db.session.execute(LOCK)
    query = select(SealKey.number).where(SealKey.public_key == public_key)
    number = db.session.scalar(query)
    if number is None:
        number = 1 + (db.session.scalar(select(func.max(SealKey.number))) or 0)
        db.session.add(SealKey(number=number, public_key=public_key, first_used_at=now))
        db.session.flush()
    return number
