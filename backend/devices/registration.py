"""Plain values of registrations and devices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Agreement:
    """An explicit consent."""

    version: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """The body of a registration."""

    consent: Agreement
    id: UUID | None = None
    platform: str | None = None
    model: str | None = None
    app_version: str | None = None
    attestation: Any | None = None


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The latest consent of a device; outdated if the text has a newer version."""

    version: str
    accepted_at: datetime
    outdated: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered device with its secrets, which are returned only once."""

    id: UUID
    token: str
    withdrawal_code: str
    consent: ConsentState
    created: bool


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A device as shown to itself."""

    id: UUID
    registered_at: datetime
    platform: str | None
    model: str | None
    app_version: str | None
    rotation_pending: bool
    consent: ConsentState


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """An authenticated device at the time of the request."""

    id: UUID
    registered_at: datetime
    token_used_at: datetime | None
    platform: str | None
    model: str | None
    app_version: str | None
    consent_version: str
    rotation_pending: bool
    joined: bool  # whether it ever joined a team
    version: int  # raised by every change of its measurements
    window_start: datetime
    window_items: int
