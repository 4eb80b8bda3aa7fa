"""Seals: a statement about an approved report, signed with the server's key (Ed25519).

The statement has the digests of figures and files, the approver and the time. It is not the
office's legal signature. A seal can be verified with the public key alone, without the server.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import func, select, union_all

from backend.accounts import audit_chain
from backend.accounts.audit import record_command
from backend.database.extensions import db
from backend.database.locks import SEAL_KEYS_LOCK, hold
from backend.errors import Problem, or_404
from backend.reports.content.figures import canonical_json
from backend.reports.monthly.models import Attachment, ReportRow, SealKey
from config.settings import generated_key

KEY_FILE = "seal_key"
Trusted = frozenset[bytes]  # public keys


class Seal(TypedDict):
    """A seal: the signature (hexadecimal) over the UTF-8 bytes of the statement."""

    statement: str
    signature: str
    key: int
    algorithm: str


class Key(TypedDict):
    """A public key: Ed25519, 32 bytes in hexadecimal."""

    number: int
    algorithm: str
    public_key: str
    fingerprint: str  # SHA-256 of the key, to be compared by people
    first_used_at: datetime
    trusted: bool  # the server's present key, or one of SEAL_KEYS
    revoked_at: datetime | None
    revoked_reason: str | None


class Keys(TypedDict):
    """All present and former keys."""

    items: list[Key]


class WithKey(Key, Seal):
    """A seal with the public key that verifies it."""


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A signed statement, its signature, and the number of the key."""

    statement: str
    signature: bytes
    key_number: int

    def serialize(self) -> Seal:
        """Return the seal for an answer of the API."""
        return {
            "statement": self.statement,
            "signature": self.signature.hex(),
            "key": self.key_number,
            "algorithm": "Ed25519",
        }


def create_seal(statement: Mapping[str, Any], now: datetime, var_dir: Path) -> SignedStatement:
    """Sign a statement with the latest digest of the audit log; create the key if none."""
    key = _read_key(var_dir / KEY_FILE)
    number = _key_number(key.public_key().public_bytes_raw(), now)
    if (latest := audit_chain.latest()) is not None:
        statement = {**statement, "audit_log": {"day": latest.day, "digest": latest.digest}}
    signed = canonical_json({**statement, "key": number})
    return SignedStatement(signed.decode(), key.sign(signed), number)


def seal_of(row: ReportRow | Attachment) -> SignedStatement | None:
    """Return the seal of an approved report, or of a letter that was attached to one."""
    if row.statement is None or row.signature is None or row.key_number is None:
        return None
    return SignedStatement(row.statement, row.signature, row.key_number)


def trusted_keys(config: Mapping[str, Any]) -> Trusted:
    """Return the keys that may seal reports of this server: the present one, and SEAL_KEYS.

    They lie outside the database: a key that was only inserted into the table is not trusted.
    """
    path = config["VAR_DIR"] / KEY_FILE
    present = {_read_key(path).public_key().public_bytes_raw()} if path.exists() else set()
    return frozenset(present | set(config["SEAL_KEYS"]))


def seal_problem(seal: SignedStatement, digest: str, trusted: Trusted) -> str | None:
    """Return why a digest is not sealed: `seal_broken`, `seal_key_unknown`, `seal_key_revoked`.

    None: the signature is valid, the statement has the digest, and the key is trusted.
    """
    key = db.session.get(SealKey, seal.key_number)
    if key is None or not _verify(seal, digest, key.public_key):
        return "seal_broken"
    if key.public_key not in trusted:
        return "seal_key_unknown"
    return "seal_key_revoked" if key.revoked_at else None


def _verify(seal: SignedStatement, digest: str, public_key: bytes) -> bool:
    """Return whether a seal's signature is valid and its statement has a digest."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            seal.signature, seal.statement.encode()
        )
    except InvalidSignature:
        return False
    statement = json.loads(seal.statement)
    return digest == statement["digest"] or digest in statement["files"].values()


def sealed_audit_digests() -> set[tuple[str, str]]:
    """Return day and digest of the audit log in all seals: the log had these entries."""
    statements = union_all(select(ReportRow.statement), select(Attachment.statement))
    sealed = (json.loads(one or "{}").get("audit_log") for one in db.session.scalars(statements))
    return {(one["day"], one["digest"]) for one in sealed if one}


def sealed_files(row: ReportRow) -> frozenset[str]:
    """Return the names of the files in the statement of a report's seal."""
    return frozenset(json.loads(row.statement)["files"]) if row.statement else frozenset()


def fingerprint(public_key: bytes) -> str:
    """Return the SHA-256 of a key in groups of four digits, to be printed and compared."""
    digits = hashlib.sha256(public_key).hexdigest()
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def serialize_key(key: SealKey, trusted: Trusted) -> Key:
    """Return the public half of a key for an answer of the API."""
    return {
        "number": key.number,
        "algorithm": "Ed25519",
        "public_key": key.public_key.hex(),
        "fingerprint": fingerprint(key.public_key),
        "first_used_at": key.first_used_at,
        "trusted": key.public_key in trusted,
        "revoked_at": key.revoked_at,
        "revoked_reason": key.revoked_reason,
    }


def list_keys(trusted: Trusted) -> Keys:
    """Return the public halves of all present and former keys."""
    rows = db.session.scalars(select(SealKey).order_by(SealKey.number))
    return {"items": [serialize_key(row, trusted) for row in rows]}


def revoke_key(number: int, reason: str, now: datetime) -> None:
    """Revoke a key: no seal made with it is valid any more; 404 unknown, 409 revoked already."""
    key = or_404(db.session.get(SealKey, number, with_for_update=True))
    if key.revoked_at:
        raise Problem(409, "seal_key_revoked")
    key.revoked_at, key.revoked_reason = now, reason
    record_command("report.revoke_key", f"seal_key:{number}", reason=reason)
    db.session.commit()


def _read_key(path: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(generated_key(path)))


def _key_number(public_key: bytes, now: datetime) -> int:
    hold(SEAL_KEYS_LOCK)
    query = select(SealKey.number).where(SealKey.public_key == public_key)
    number = db.session.scalar(query)
    if number is None:
        number = 1 + (db.session.scalar(select(func.max(SealKey.number))) or 0)
        db.session.add(SealKey(number=number, public_key=public_key, first_used_at=now))
        db.session.flush()
    return number
