"""Schemas of no-connection notes as phones send them, and of the answers."""

from marshmallow import fields

from backend.fields import AwareTime, Flag, Many, Object, Strict, Text, schema_of
from backend.http.paging import page_of
from backend.measurements.no_connection.answers import NoteBatchResult, NoteResult, OwnNote
from backend.measurements.no_connection.rules import MAX_ATTEMPTS, MIN_ATTEMPTS
from backend.measurements.recording.schemas import OPTIONAL, LocationSchema

# A phone finds fewer in two weeks; a larger batch makes retries costlier.
MAX_BATCH = 100


class ConfirmedSchema(Strict):
    """What the person confirms; a note without all three is rejected."""

    flight_mode_off = Flag(required=True)
    data_on = Flag(required=True, metadata={"description": "mobile data is switched on"})
    data_left = Flag(required=True, metadata={"description": "the data package is not used up"})


class NoteNetworkSchema(Strict):
    """The operator of the phone's SIM."""

    mcc = Text(10, **OPTIONAL)
    mnc = Text(10, **OPTIONAL)
    operator = Text(100, **OPTIONAL)


class NoteSchema(Strict):
    """A place where three attempts or more over a minute got no ticket for a speed test."""

    id = Text(100, required=True, metadata={"format": "uuid", "description": "chosen by the phone"})
    attempts = Many(
        AwareTime(),
        MIN_ATTEMPTS,
        MAX_ATTEMPTS,
        required=True,
        metadata={"description": "times of the attempts, over 60 s or more"},
    )
    confirmed = Object(ConfirmedSchema, required=True)
    location = Object(
        LocationSchema,
        required=True,
        metadata={"description": "taken up to 3 minutes after the last attempt"},
    )
    network = Object(NoteNetworkSchema, **OPTIONAL)
    app_version = Text(50, **OPTIONAL)
    comment = Text(500, **OPTIONAL)


class NoteBatchSchema(Strict):
    """One to 100 notes at once; `sent_at` belongs to the attempt to send them."""

    notes = fields.List(fields.Nested(NoteSchema), required=True)
    sent_at = AwareTime(**OPTIONAL)


NoteResultSchema = schema_of(NoteResult, "", Strict)
NoteBatchResultSchema = schema_of(NoteBatchResult, "", Strict)
OwnNoteSchema = schema_of(OwnNote, "", Strict)
OwnNotesSchema = page_of(OwnNoteSchema, "OwnNotesPage")
