"""Schemas of no-connection notes as phones send them, and of the answers."""

from marshmallow import fields

from backend.errors import FieldErrorSchema
from backend.fields import AwareTime, Flag, Many, Object, Strict, Text
from backend.http.paging import page_of
from backend.measurements.no_connection.rules import MAX_ATTEMPTS, MIN_ATTEMPTS
from backend.measurements.recording.intake import OUTCOMES
from backend.measurements.recording.schemas import OPTIONAL, LocationSchema, NotePlaceSchema

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


class NoteResultSchema(Strict):
    """The result of one note that was sent."""

    id = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, metadata={"enum": list(OUTCOMES)})
    assurance = fields.String(metadata={"enum": ["claimed"]})
    day = fields.Date()
    unit = fields.Nested(NotePlaceSchema)
    repeats = fields.Boolean(
        metadata={"description": "an earlier note of this device, cell and day stands for it"}
    )
    errors = fields.List(fields.Nested(FieldErrorSchema))


class NoteBatchResultSchema(Strict):
    """The results of a batch, in its order."""

    results = fields.List(fields.Nested(NoteResultSchema), required=True)
    accepted = fields.Integer(required=True)
    duplicate = fields.Integer(required=True)
    conflict = fields.Integer(required=True)
    rejected = fields.Integer(required=True)


class OwnNoteSchema(Strict):
    """One of the device's own notes."""

    id = fields.String(required=True)
    day = fields.Date(required=True)
    noted_at = fields.AwareDateTime(required=True)
    received_at = fields.AwareDateTime(required=True)
    attempts = fields.Integer(required=True)
    operator = fields.String(required=True, allow_none=True)
    unit = fields.Nested(NotePlaceSchema, required=True)
    assurance = fields.String(required=True, metadata={"enum": ["claimed"]})
    excluded = fields.Boolean(required=True, metadata={"description": "by an official"})


OwnNotesSchema = page_of(OwnNoteSchema, "OwnNotesPage")
