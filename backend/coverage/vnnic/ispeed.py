"""How far our speeds lie from i-Speed's: results typed in beside own tests on the same phone.

A pair is a typed i-Speed result and a test of this installation, each the other's nearest in time,
by the same phone at the same operator within PAIR_MINUTES and PAIR_M; of fixed lines no operator is
compared, its name is free text. Pairs are never counted.
"""

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select, text

from backend.accounts.access import Actor, require
from backend.clock import local_day
from backend.coverage.statistics.beta import beta_quantile
from backend.coverage.vnnic.models import SpeedPair
from backend.database.extensions import change_rows, db, setting
from backend.devices.models import Device
from backend.measurements.recording.reasons import CAPPED
from backend.measurements.recording.rules import MAX_AGE
from backend.witness.hosts import NEUTRAL

PAIR_MINUTES, PAIR_M = 10, 200
METRES_PER_DEGREE = 111_195
MIN_PHONES, MIN_PAIRS = 20, 60
DAYS = 365
Metric = Literal["download", "upload", "ping"]
METRICS: tuple[Metric, ...] = ("download", "upload", "ping")
# Further apart than this factor, two tests did not measure one line. A forged result counts as this
# much, so one phone of twenty moves the mean by less than half the interval's width.
MAX_FACTOR = 4.0

# A phone that was offline sends both later: rows of the last MAX_AGE are looked at again.
FIND_PAIRS = text(f"""
    with typed as (
        select * from measurements
        where source = 'manual' and received_at > :since and raw #>> '{{server,name}}' = 'i-Speed'
            and status = 'finished' and device_id is not null
            and download_mbps > 0 and upload_mbps > 0 and ping_ms > 0
    ), near as (
        select typed.id, own.id as own_id, typed.device_id, typed.day, typed.network,
            typed.measured_at < own.measured_at as typed_first,
            own.download_mbps / typed.download_mbps as download,
            own.upload_mbps / typed.upload_mbps as upload,
            own.ping_ms / typed.ping_ms as ping,
            abs(extract(epoch from own.measured_at - typed.measured_at)) as apart_s
        from typed join (select * from measurements where {NEUTRAL}) own
            on own.device_id = typed.device_id and own.network = typed.network
            and (own.operator = typed.operator or own.network = 'fixed')
            and own.source = 'app' and own.valid and own.assurance = 'witnessed' and not '{CAPPED}' = any(own.marks)
            and own.download_mbps > 0 and own.upload_mbps > 0 and own.ping_ms > 0
            and own.measured_at between typed.measured_at - interval '{PAIR_MINUTES} minutes'
                and typed.measured_at + interval '{PAIR_MINUTES} minutes'
            and sqrt(power((own.latitude - typed.latitude) * {METRES_PER_DEGREE}, 2)
                + power((own.longitude - typed.longitude) * {METRES_PER_DEGREE}
                    * cos(radians(own.latitude)), 2)) <= {PAIR_M}
    ), ranked as (
        select near.*, row_number() over (partition by id order by apart_s, own_id) as of_typed,
            row_number() over (partition by own_id order by apart_s, id) as of_own
        from near
    )
    insert into speed_pairs (id, own_id, device_id, day, network, typed_first, download, upload, ping)
    select id, own_id, device_id, day, network, typed_first, download, upload, ping
    from ranked where of_typed = 1 and of_own = 1
    on conflict do nothing
""")  # noqa: S608, E501 # numbers and fixed words


class MeanRatio(TypedDict):
    """Ours divided by i-Speed's, with its 95 % interval."""

    ratio: float
    low: float
    high: float


class Distance(TypedDict):
    """How our speeds relate to i-Speed's; a ratio is null below `min_phones` or `min_pairs`."""

    network: str  # mobile, fixed
    demo: bool  # whether phones of the demo are among them
    days: int  # until today that are looked at
    phones: int
    pairs: int
    ispeed_first: int  # pairs in which i-Speed ran first
    min_phones: int
    min_pairs: int
    max_minutes: int  # between the tests of a pair
    max_metres: int
    download: MeanRatio | None
    upload: MeanRatio | None
    ping: MeanRatio | None


def find_pairs(now: datetime) -> tuple[int, int]:
    """Store the pairs of results that arrived since the last run; delete those over a year old.

    Return the numbers of both.
    """
    new = change_rows(FIND_PAIRS, {"since": now - MAX_AGE})
    old = change_rows(delete(SpeedPair).where(SpeedPair.day <= _before(local_day(now))))
    db.session.commit()
    return new, old


def read_distance(actor: Actor, network: str, now: datetime) -> Distance:
    """Return `distance` for officials, and for everybody where the operator chose so."""
    if not setting("PUBLISH_ISPEED") and not actor.ids("official"):
        require(actor, "system.manage")
    return distance(network, local_day(now))


def distance(network: str, today: date) -> Distance:
    """Return how our speeds relate to i-Speed's in the last DAYS, with the numbers of pairs."""
    columns = [getattr(SpeedPair, name) for name in ("device_id", "typed_first", *METRICS)]
    query = select(*columns, Device.demo).join(Device, Device.id == SpeedPair.device_id)
    query = query.where(SpeedPair.network == network, SpeedPair.day > _before(today))
    rows = db.session.execute(query).all()
    phones = [row.device_id for row in rows]
    enough = len(set(phones)) >= MIN_PHONES and len(rows) >= MIN_PAIRS

    def ratio(metric: Metric) -> MeanRatio | None:
        return mean_ratio(phones, [getattr(row, metric) for row in rows]) if enough else None

    return {
        "network": network,
        "demo": any(row.demo for row in rows),
        "days": DAYS,
        "phones": len(set(phones)),
        "pairs": len(rows),
        "ispeed_first": sum(row.typed_first for row in rows),
        "min_phones": MIN_PHONES,
        "min_pairs": MIN_PAIRS,
        "max_minutes": PAIR_MINUTES,
        "max_metres": PAIR_M,
        "download": ratio("download"),
        "upload": ratio("upload"),
        "ping": ratio("ping"),
    }


def mean_ratio(phones: Sequence[Any], ratios: Sequence[float]) -> MeanRatio:
    """Return the geometric mean of phones' mean ratios, with a 95 % interval of Student's t.

    `phones` names the phone of each ratio (ours divided by i-Speed's). Phones weigh the same,
    whatever their number of pairs, since pairs of one phone are alike.
    """
    limit = math.log(MAX_FACTOR)
    logs = np.clip(np.log(np.asarray(ratios, dtype=float)), -limit, limit)
    _, of = np.unique([str(phone) for phone in phones], return_inverse=True)
    means: NDArray[np.float64] = np.bincount(of, logs) / np.bincount(of)
    middle = float(means.mean())
    half = _student(len(means) - 1) * float(means.std(ddof=1)) / math.sqrt(len(means))
    return {
        "ratio": math.exp(middle),
        "low": math.exp(middle - half),
        "high": math.exp(middle + half),
    }


def _student(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t, from that of the beta distribution."""
    x = float(beta_quantile(0.05, np.array([freedom / 2]), np.array([0.5]))[0])
    return math.sqrt(freedom * (1 - x) / x)


def _before(today: date) -> date:
    return today - timedelta(days=DAYS)
