"""Single samples for officials of the area, with the reasons of their verdicts."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import RowMapping, text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_read
from backend.clock import local_day, month_end, month_start, this_month
from backend.coverage.figures.unit_access import authorized_unit, serialize_unit, units_below
from backend.coverage.signals.findings import POSITION_DECIMALS, device_number, shown_position
from backend.database.extensions import db, setting
from backend.errors import Problem, invalid
from backend.fields import aware_time
from backend.http.paging import decode_cursor, take_page
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.measurements.recording import rules
from backend.measurements.recording.answers import serialize_marks, serialize_reasons
from backend.measurements.recording.archived import require_rows
from backend.measurements.recording.incoming import LOADED, sample_of
from backend.measurements.recording.intake import read_id
from backend.measurements.recording.reasons import COUNTED
from backend.measurements.recording.rows import TimelineRow
from backend.organisations.scopes import unit_scope
from backend.units.service import UnitRow

DAY = timedelta(days=1)

# One statement a day along the index of (unit, day), so that a page reads few rows. Anonymised
# rows have no time and are not listed.
OF_DAY = text("""
    select
        coalesce(m.assurance, case m.source when 'import' then 'imported' else 'claimed' end)
            as assurance,
        m.id, m.device_id, m.day, m.measured_at, m.received_at, m.network, m.kind, m.source,
        m.operator, m.technology, m.download_mbps, m.upload_mbps, m.ping_ms, m.jitter_ms,
        m.latitude, m.longitude, m.accuracy_m, m.own_reasons, m.reasons, m.marks, m.valid,
        m.counted, m.data_cap_mb, m.ping_download_ms, m.ping_upload_ms,
        m.download_stability_percent, m.upload_stability_percent, m.rules, m.how, m.candidates,
        m.unit_id, u.code, u.name, s.name as set_name, s.quality
    from measurements m join units u on u.id = m.unit_id
    left join boundary_sets s on s.id = m.set_id
    where m.unit_id = any(:units) and m.day = :day and m.measured_at is not null
        and (cast(:network as text) is null or m.network = :network)
        and (cast(:reason as text) is null or :reason = any(m.reasons)
            or m.counted and :reason = 'counted')
        and (cast(:at as timestamptz) is null or (m.measured_at, m.id) < (:at, :id))
    order by m.measured_at desc, m.id desc limit :most
""")
ONE = text("""
    select
        coalesce(m.assurance, case m.source when 'import' then 'imported' else 'claimed' end)
            as assurance,
        m.id, m.device_id, m.day, m.measured_at, m.received_at, m.network, m.kind, m.source,
        m.operator, m.technology, m.download_mbps, m.upload_mbps, m.ping_ms, m.jitter_ms,
        m.latitude, m.longitude, m.accuracy_m, m.own_reasons, m.reasons, m.marks, m.valid,
        m.counted, m.data_cap_mb, m.ping_download_ms, m.ping_upload_ms,
        m.download_stability_percent, m.upload_stability_percent, m.rules, m.how, m.candidates,
        m.unit_id, u.code, u.name, s.name as set_name, s.quality
    from measurements m join units u on u.id = m.unit_id
    left join boundary_sets s on s.id = m.set_id
    where m.id = :id and m.measured_at is not null
""")
# What a repeat may repeat: a counted sample, one beyond a cap, or one of the day before that is a
# repeat itself.
BEFORE = text("""
    select * from measurements
    where device_id = :device and measured_at > :since and measured_at < :at
      and (counted or reasons <@ array['daily_cap', 'commune_cap'] or day < :day
          and reasons <@ array['daily_cap', 'commune_cap', 'repeat', 'third_operator'])
    order by measured_at desc, id desc
""")
LATEST_EXCLUSION = text("""
    select e.reason, e.act_id, e.excluded_at as at, e.excluded from exclusions e
    where e.measurement_id = :id order by e.id desc limit 1
""")
FIELDS = (
    "measured_at", "network", "kind", "source", "operator", "technology", "download_mbps",
    "upload_mbps", "ping_ms", "jitter_ms", "accuracy_m", "valid", "counted",
    "assurance", "data_cap_mb", *LOADED,
)  # fmt: skip


def list_samples(
    actor: Actor, code: str, query: Mapping[str, Any], now: datetime, language: Language
) -> dict[str, Any]:
    """Return a page of the samples of a unit's month, the latest first."""
    month = query["month"] or this_month(now)
    if month_start(month) > local_day(now):
        raise invalid("month", "month_in_future")
    unit = authorized_unit(actor, "unit.samples", code, query["level"], month)
    record_read(actor, "samples", f"unit:{unit.id}")
    most = query["limit"] + 1
    at, sample_id = decode_cursor(query["cursor"], aware_time, UUID) or (None, None)
    first, last = month_start(month), month_end(month)
    day: date = min(last, local_day(at)) if at else last
    parameters = {
        "units": units_below(unit.id), "network": query["network"], "reason": query["reason"],
        "at": at, "id": sample_id,
    }  # fmt: skip
    rows: list[RowMapping] = []
    while day >= first and len(rows) < most:
        of_day = {**parameters, "day": day, "most": most - len(rows)}
        rows += db.session.execute(OF_DAY, of_day).mappings()
        day -= DAY
    if not rows:
        require_rows(month)
    page, next_cursor = take_page(rows, query["limit"], lambda row: (row["measured_at"], row["id"]))
    return {
        "month": month,
        "unit": serialize_unit(unit),
        "decimals": POSITION_DECIMALS,
        "items": [_serialize(row, language) for row in page],
        "next": next_cursor,
    }


def samples_of_day(
    actor: Actor, unit: UnitRow, day: date, language: Language
) -> list[dict[str, Any]]:
    """Return all samples of a unit on a day, the latest first; 404 outside the actor's area."""
    require(actor, "unit.samples", unit_scope(unit.id), hidden=True)
    record_read(actor, "samples", f"unit:{unit.id}")
    values = {
        "units": units_below(unit.id), "day": day, "network": None, "reason": None, "at": None,
        "id": None, "most": None,
    }  # fmt: skip
    rows = db.session.execute(OF_DAY, values).mappings()
    return [_serialize(row, language) for row in rows]


def show_sample(
    actor: Actor, code: str, identity: str, level: str | None, language: Language
) -> dict[str, Any]:
    """Return one sample of a unit with the explanation of its verdict."""
    sample_id = read_id(identity)
    row = sample_id and db.session.execute(ONE, {"id": sample_id}).mappings().first()
    if not row:
        raise Problem(404, "not_found")
    unit = authorized_unit(actor, "unit.samples", code, level, f"{row['day']:%Y-%m}")
    if row["unit_id"] not in units_below(unit.id):
        raise Problem(404, "not_found")
    record_read(actor, "samples", f"unit:{unit.id}")
    return _serialize(row, language) | {
        "received_at": row["received_at"],
        "rules": row["rules"],
        "verdict": _verdict(row, language),
        "repeats": _serialize_repeated(row),
        "exclusion": _serialize_exclusion(row),
        "candidates": row["candidates"] or [],
        "how": row["how"],
        "boundaries": {"set": row["set_name"], "quality": row["quality"]},
    }


def _serialize(row: RowMapping, language: Language) -> dict[str, Any]:
    device, month = row["device_id"], f"{row['day']:%Y-%m}"
    return {name: row[name] for name in FIELDS} | {
        "id": str(row["id"]),
        "unit": {"code": row["code"], "name": row["name"]},
        "device": device_number(device, month, setting("SECRET_KEY")) if device else None,
        "position": shown_position(row),
        "reasons": serialize_reasons(row["reasons"], language),
        "marks": serialize_marks(row["marks"], row["reasons"], language),
    }


def _verdict(row: RowMapping, language: Language) -> dict[str, str]:
    code = COUNTED if row["counted"] else "valid_not_counted" if row["valid"] else "not_valid"
    return {"code": code, "message": message(f"sample_{code}", language)}


def _serialize_repeated(row: RowMapping) -> dict[str, Any] | None:
    """Return the counted sample of the same device that a repeat repeats."""
    if "repeat" not in row["reasons"] or row["device_id"] is None:
        return None
    since = row["measured_at"] - rules.REPEAT_WINDOW
    span = {"device": row["device_id"], "since": since, "at": row["measured_at"]}
    span |= {"day": row["day"]}
    repeat = sample_of(cast(TimelineRow, row))
    for candidate in db.session.execute(BEFORE, span).mappings():
        earlier = sample_of(cast(TimelineRow, candidate))
        if rules.same_spot(earlier, repeat):
            distance = round(rules.distance(earlier, repeat))
            return {"measured_at": earlier.at, "distance_m": distance}
    return None


def _serialize_exclusion(row: RowMapping) -> dict[str, Any] | None:
    """Return the decision that excludes the sample from the counts."""
    decision = db.session.execute(LATEST_EXCLUSION, {"id": row["id"]}).mappings().first()
    if decision is None or not decision["excluded"]:
        return None
    return {"id": decision["act_id"], "reason": decision["reason"], "at": decision["at"]}
