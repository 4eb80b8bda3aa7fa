"""The seal: what was approved, signed with the server's own key so that a changed byte shows.

It says that this server sealed these figures and files, who approved them and when. It is not the
office's legal signature. Anybody with a key's public half can check a seal without the server.
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
from backend.reports.monthly.models import SealKey
from config.settings import generated_key

KEY_FILE = "seal_key"
# Two workers that use a new key at once take turns: it gets one number.
LOCK = text("select pg_advisory_xact_lock(hashtext('dosong seal keys'))")


@dataclass(frozen=True, slots=True)
class Seal:
    """A statement as it was signed, the signature, and the number of the key."""

    statement: str
    signature: bytes
    key_number: int

    def told(self) -> dict[str, Any]:
        """As an answer and a file tell it."""
        return {
            "statement": self.statement,
            "signature": self.signature.hex(),
            "key": self.key_number,
            "algorithm": "Ed25519",
        }


def seal(facts: Mapping[str, Any], now: datetime, var_dir: Path) -> Seal:
    """Sign a statement of facts; the key is made at first need."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(generated_key(var_dir / KEY_FILE)))
    number = _number_of(key.public_key().public_bytes_raw(), now)
    statement = canonical_json({**facts, "key": number})
    return Seal(statement.decode(), key.sign(statement), number)


def vouches(sealed: Seal, digest: str, public_key: bytes) -> bool:
    """Whether a seal is whole and names a digest, as that of the figures or of a file."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            sealed.signature, sealed.statement.encode()
        )
    except InvalidSignature:
        return False
    facts = json.loads(sealed.statement)
    return digest == facts["digest"] or digest in facts["files"].values()


def list_keys() -> dict[str, Any]:
    """Every key that seals or once sealed, with its public half."""
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


def _number_of(public_key: bytes, now: datetime) -> int:
    db.session.execute(LOCK)
    known = select(SealKey.number).where(SealKey.public_key == public_key)
    number = db.session.scalar(known)
    if number is None:
        number = 1 + (db.session.scalar(select(func.max(SealKey.number))) or 0)
        db.session.add(SealKey(number=number, public_key=public_key, first_used_at=now))
        db.session.flush()
    return number
