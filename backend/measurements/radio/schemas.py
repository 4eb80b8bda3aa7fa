"""Schemas of radio samples as phones send them, and of the answers."""

from typing import Any

from marshmallow import fields

from backend.compiled import Compiled
from backend.errors import FieldErrorSchema
from backend.fields import AwareTime, Flag, Number, Object, Strict, Text
from backend.measurements.radio.rules import MODES, TECHNOLOGIES

OPTIONAL: dict[str, Any] = {"allow_none": True}
OUTCOMES = ("accepted", "duplicate", "refused")
# An hour and a half of a walk with a sample each second; a larger batch makes retries costlier.
BATCH_MOST = 5_000


def _signal(what: str) -> Number:
    text = f"{what}; 2147483647: unknown"
    return Number(-(2**63), 2**63 - 1, metadata={"description": text}, **OPTIONAL)


class RadioNetworkSchema(Compiled):
    """The network of the SIM; an MNC keeps its leading zero."""

    mcc = Text(10, **OPTIONAL)
    mnc = Text(10, **OPTIONAL)
    operator = Text(100, **OPTIONAL)


class RadioLocationSchema(Compiled):
    """The position of the phone; an error above 500 m is refused."""

    latitude = Number(-90, 90, required=True)
    longitude = Number(-180, 180, required=True)
    accuracy_m = Number(-1_000_000, 100_000_000, **OPTIONAL)
    is_mock = Flag(**OPTIONAL)


class RadioSampleSchema(Compiled):
    """The strength of one network at a place and time, or that there was no service."""

    id = Text(100, required=True, metadata={"format": "uuid", "description": "chosen by the phone"})
    measured_at = AwareTime(required=True)
    location = Object(RadioLocationSchema, required=True)
    network = Object(RadioNetworkSchema, **OPTIONAL)
    service = Flag(required=True, metadata={"description": "false: no service; without values"})
    technology = Text(choices=TECHNOLOGIES, **OPTIONAL)
    mode = Text(choices=MODES, **OPTIONAL, metadata={"description": "of 5G"})
    rsrp_dbm = _signal("RSRP or SS-RSRP in dBm, required with service")
    rsrq_db = _signal("RSRQ or SS-RSRQ in dB")
    sinr_db = _signal("RS-SINR or SS-SINR in dB")
    sim_slot = _signal("slot of the SIM, from 0")
    serving_cell = _signal("identity of the radio cell: ECI of 4G, NCI of 5G")


class RadioBatchSchema(Strict):
    """One to 5,000 radio samples; `sent_at` belongs to the attempt to send them."""

    samples = fields.List(fields.Nested(RadioSampleSchema), required=True)
    sent_at = AwareTime(**OPTIONAL)


class RadioResultSchema(Strict):
    """The result of one sample that was sent."""

    id = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, metadata={"enum": list(OUTCOMES)})
    errors = fields.List(fields.Nested(FieldErrorSchema))


class RadioBatchResultSchema(Strict):
    """The results of a batch, in its order."""

    results = fields.List(fields.Nested(RadioResultSchema), required=True)
    accepted = fields.Integer(required=True)
    duplicate = fields.Integer(required=True)
    refused = fields.Integer(required=True)
