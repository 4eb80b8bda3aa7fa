"""Notes on their way to a row of `no_connection_notes`: content as sent, and columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from backend.fields import Json
from backend.measurements.recording.intake import Item
from backend.measurements.recording.rows import LocationContent


class NoteNetwork(TypedDict):
    """The operator of a phone's SIM, as `NoteNetworkSchema` reads it."""

    mcc: NotRequired[str | None]
    mnc: NotRequired[str | None]
    operator: NotRequired[str | None]


class NoteContent(TypedDict):
    """A note as `NoteSchema` reads it; what becomes no column is in the body alone."""

    id: str
    attempts: list[datetime]  # in order of time
    confirmed: dict[str, bool]  # by what the person confirms
    location: LocationContent
    network: NotRequired[NoteNetwork | None]


class NoteRow(TypedDict):
    """A row of `no_connection_notes`, without its sender."""

    id: UUID
    received_at: datetime
    began_at: datetime  # first and last attempt, with the phone's clock corrected
    noted_at: datetime
    skew_s: float | None  # by which it was corrected
    day: date  # of the last attempt, in Vietnam
    attempts: int
    operator: str | None
    latitude: float  # WGS 84, degrees
    longitude: float
    accuracy_m: float
    cell: str  # of H3
    raw: Json  # the body as sent
    unit_id: int
    set_id: int
    how: str | None
    server_down: bool  # this server was away at an attempt


@dataclass(slots=True)
class NoteItem(Item):
    """One note of a request with its result so far; `row` is empty without a place."""

    loaded: NoteContent = field(default_factory=cast(Callable[[], NoteContent], dict))
    attempts: Sequence[datetime] = ()  # with the phone's clock corrected
    row: NoteRow = field(default_factory=cast(Callable[[], NoteRow], dict))
    note_id: UUID | None = None  # the stored note
