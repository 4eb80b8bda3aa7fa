"""What a phone sends when it registers, and what it gets back; plain values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Agreement:
    """A consent that was given; that there is one says that it was explicit."""

    version: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """What a phone tells of itself."""

    consent: Agreement
    id: UUID | None = None
    platform: str | None = None
    model: str | None = None
    app_version: str | None = None
    attestation: Any | None = None


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What a device agreed to, and whether that is the version in force."""

    version: str
    accepted_at: datetime
    outdated: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """A device with the secrets that are told this once."""

    id: UUID
    token: str
    withdrawal_code: str
    consent: ConsentState
    created: bool


@dataclass(frozen=True, slots=True)
class Self:
    """A device as it sees itself."""

    id: UUID
    registered_at: datetime
    platform: str | None
    model: str | None
    app_version: str | None
    rotation_pending: bool
    consent: ConsentState


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device as its token makes it known, at the moment of the request."""

    id: UUID
    registered_at: datetime
    token_used_at: datetime | None
    platform: str | None
    model: str | None
    app_version: str | None
    consent_version: str
    rotation_pending: bool
    joined: bool  # whether it ever joined a team
    version: int  # raised by whatever changes the device's measurements
    window_start: datetime
    window_items: int
