"""Tickets and witnesses of speed tests: JSON Web Tokens signed with Ed25519."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, Literal
from uuid import UUID

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.types import Options

ALGORITHM = "EdDSA"
Kind = Literal["ticket+jwt", "witness+jwt"]
TICKET: Kind = "ticket+jwt"
WITNESS: Kind = "witness+jwt"
VERSION = 1
# A ticket has some 500 characters, a witness 700.
MAX_TOKEN = 2_000
# What PyJWT raises for malformed or forged tokens; ValueError for text that is no UTF-8.
UNREADABLE = (jwt.InvalidTokenError, ValueError)
# What reading malformed claims raises.
MALFORMED = (KeyError, TypeError, ValueError, OverflowError, OSError)
# Signatures are verified by `SignedStatement.verify`, times and audiences compared by the callers,
# with the clock of the app.
UNVERIFIED: Options = {"verify_signature": False}
MAX_TEXT = 100
# The part of a client's address that a witness names, by IP version.
PREFIX_BITS = {4: 24, 6: 48}
# Half the bits of SHA-256 identify a key.
KEY_ID_LENGTH = 32
KEY_ID = re.compile(f"[0-9a-f]{{{KEY_ID_LENGTH}}}")


class StatementError(ValueError):
    """A token is not a valid statement of the expected kind, signed with the expected key."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How much a test transfers: a direction is complete with these bytes."""

    down_bytes: int
    up_bytes: int


PROFILES: Mapping[str, Profile] = {
    "small": Profile(down_bytes=1_000_000, up_bytes=500_000),
    "full": Profile(down_bytes=25_000_000, up_bytes=6_000_000),
}
SIGNING_LIFE, UNSIGNED_LIFE = timedelta(hours=24), timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with the id of its public half."""

    key: Ed25519PrivateKey
    kid: str
    public_bytes: bytes

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        key = Ed25519PrivateKey.from_private_bytes(seed)
        public_bytes = key.public_key().public_bytes_raw()
        return cls(key, key_id(public_bytes), public_bytes)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Permission of an installation for one test of one device at one measuring host."""

    id: UUID
    issuer: str  # the id of the installation's key
    subject: str  # the device, as a digest that differs in each ticket
    host_id: UUID
    profile: str
    issued_at: datetime
    expires_at: datetime

    def claims(self) -> dict[str, Any]:
        return {
            "jti": str(self.id),
            "iss": self.issuer,
            "sub": self.subject,
            "aud": str(self.host_id),
            "profile": self.profile,
            "iat": int(self.issued_at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
        }

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "Ticket":
        return cls(
            UUID(_text(claims["jti"])),
            _text(claims["iss"]),
            _text(claims["sub"]),
            UUID(_text(claims["aud"])),
            _profile(claims["profile"]),
            _moment(claims["iat"]),
            _moment(claims["exp"]),
        )


@dataclass(frozen=True, slots=True)
class WitnessedDirection:
    """What the measuring host saw of one direction."""

    bytes: int
    mbps: float | None  # None without a finished transfer
    complete: bool


@dataclass(frozen=True, slots=True)
class Witness:
    """Statement of a measuring host about one test."""

    ticket_id: UUID
    host_id: UUID
    subject: str
    audience: str  # the installation that issued the ticket
    profile: str
    start: datetime
    end: datetime
    down: WitnessedDirection
    up: WitnessedDirection
    rtt_ms: float | None
    prefix: str | None  # the client's network

    def claims(self) -> dict[str, Any]:
        return {
            "v": VERSION,
            "jti": str(self.ticket_id),
            "iss": str(self.host_id),
            "sub": self.subject,
            "aud": self.audience,
            "profile": self.profile,
            "start": self.start.timestamp(),
            "end": self.end.timestamp(),
            **{
                name: {"bytes": one.bytes, "mbps": one.mbps, "complete": one.complete}
                for name, one in (("down", self.down), ("up", self.up))
            },
            "rtt_ms": self.rtt_ms,
            "prefix": self.prefix,
        }

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "Witness":
        if claims["v"] != VERSION:
            raise ValueError("version")
        return cls(
            UUID(_text(claims["jti"])),
            UUID(_text(claims["iss"])),
            _text(claims["sub"]),
            _text(claims["aud"]),
            _profile(claims["profile"]),
            _moment(claims["start"]),
            _moment(claims["end"]),
            _direction(claims["down"]),
            _direction(claims["up"]),
            _number_or_none(claims["rtt_ms"]),
            None if claims["prefix"] is None else str(ip_network(_text(claims["prefix"]))),
        )


def key_id(public_key: bytes) -> str:
    """Return the id of a public key, `kid` in the header of what it signs."""
    return hashlib.sha256(public_key).hexdigest()[:KEY_ID_LENGTH]


def sign(statement: Ticket | Witness, key: SigningKey) -> str:
    """Return a statement as a signed token."""
    kind = TICKET if isinstance(statement, Ticket) else WITNESS
    headers = {"typ": kind, "kid": key.kid}
    return jwt.encode(statement.claims(), key.key, algorithm=ALGORITHM, headers=headers)


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A token of a kind as it was read, once; nothing of it is verified yet."""

    kid: str
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    def ticket(self) -> Ticket:
        """Return its claims as a ticket; StatementError if they are none."""
        try:
            return Ticket.from_claims(self.claims)
        except MALFORMED as error:
            raise StatementError("claims") from error

    def witness(self) -> Witness:
        """Return its claims as a witness; StatementError if they are none."""
        try:
            return Witness.from_claims(self.claims)
        except MALFORMED as error:
            raise StatementError("claims") from error

    def verify(self, public_key: bytes) -> None:
        """Raise StatementError unless it is signed with this key."""
        if self.kid != key_id(public_key):
            raise StatementError("key")
        try:
            _public_key(public_key).verify(self.signature, self.signed)
        except InvalidSignature as error:
            raise StatementError("signature") from error


def read_statement(token: str, kind: Kind) -> SignedStatement:
    """Read a token of this kind, not yet verified; StatementError otherwise.

    PyJWT reads it once, with its strictness about base64 and JSON.
    """
    if len(token) > MAX_TOKEN:
        raise StatementError("length")
    try:
        read = jwt.decode_complete(token, options=UNVERIFIED)
    except UNREADABLE as error:
        raise StatementError("token") from error
    header, kid = read["header"], str(read["header"].get("kid"))
    if header.get("typ") != kind or header.get("alg") != ALGORITHM or not KEY_ID.fullmatch(kid):
        raise StatementError("header")
    if {"crit", "b64"} & header.keys():  # no extension is known that it may declare as critical
        raise StatementError("header")
    return SignedStatement(
        kid, read["payload"], token.rpartition(".")[0].encode(), read["signature"]
    )


def verify_ticket(token: str, public_key: bytes) -> Ticket:
    """Return a ticket signed with this key, of any time; StatementError otherwise."""
    statement = read_statement(token, TICKET)
    statement.verify(public_key)
    return statement.ticket()


def verify_witness(token: str, public_key: bytes) -> Witness:
    """Return a witness signed with this key; StatementError otherwise."""
    statement = read_statement(token, WITNESS)
    statement.verify(public_key)
    return statement.witness()


def network_prefix(address: str) -> str | None:
    """Return the network of an address: 24 bits of IPv4, 48 of IPv6; None without an address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ip_network(f"{parsed}/{PREFIX_BITS[parsed.version]}", strict=False))


@lru_cache(256)
def _public_key(public_key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public_key)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError("text")
    return value


def _profile(value: Any) -> str:
    if value not in PROFILES:
        raise ValueError("profile")
    return str(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("number")
    if value < 0:
        raise ValueError("number")
    return value


def _number_or_none(value: Any) -> float | None:
    return None if value is None else _number(value)


def _moment(value: Any) -> datetime:
    return datetime.fromtimestamp(_number(value), UTC)


def _direction(value: Any) -> WitnessedDirection:
    complete = value["complete"]
    if not isinstance(complete, bool):
        raise ValueError("complete")
    return WitnessedDirection(
        int(_number(value["bytes"])), _number_or_none(value["mbps"]), complete
    )
