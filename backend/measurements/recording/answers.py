"""Responses to a phone about its measurements, with reasons in the reader's language."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.errors import Problem
from backend.fields import aware_time
from backend.http.paging import decode_cursor, take_page
from backend.http.problems import serialize_errors
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.measurements.recording.incoming import LOADED
from backend.measurements.recording.intake import Item, read_id
from backend.measurements.recording.reasons import BY_CODE, COUNTED_CATEGORIES

MAX_PAGE = 500
MAX_CHECK = 1_000
# What a place adds to the columns of a measurement.
PLACE = ("code", "name", "province", "set_name", "quality")

OWN_FIGURES = ("network", "technology", "download_mbps", "upload_mbps", "ping_ms", *LOADED)
# Rows from before tickets have no assurance.
BY_ID = text("""
    select m.id, m.day, m.measured_at, m.received_at, m.network, m.kind, m.technology,
        m.download_mbps, m.upload_mbps, m.ping_ms, m.ping_download_ms, m.ping_upload_ms,
        m.download_stability_percent, m.upload_stability_percent, m.reasons, m.marks, m.valid,
        m.counted, m.how, m.unit_id,
        coalesce(m.assurance, case m.source when 'import' then 'imported' else 'claimed' end)
            as assurance,
        u.code, u.name, p.name as province, s.name as set_name, s.quality
    from measurements m
    left join units u on u.id = m.unit_id
    left join units p on p.id = u.province_id
    left join boundary_sets s on s.id = m.set_id
    where m.id = any(:ids) and m.device_id is not distinct from cast(:device as uuid)
""")
# The teams that a measurement is attributed to, by campaign.
EARNED = text("""
    select e.measurement_id, c.name as campaign, t.name as team, e.category,
           e.correction_id is not null as corrected
    from earnings e join campaigns c on c.id = e.campaign_id join teams t on t.id = e.team_id
    where e.measurement_id = any(:ids) order by e.measurement_id, e.campaign_id
""")
PAGE = text("""
    select m.id, m.day, m.measured_at, m.received_at, m.network, m.kind, m.technology,
        m.download_mbps, m.upload_mbps, m.ping_ms, m.ping_download_ms, m.ping_upload_ms,
        m.download_stability_percent, m.upload_stability_percent, m.reasons, m.marks, m.valid,
        m.counted, m.how, m.unit_id,
        coalesce(m.assurance, case m.source when 'import' then 'imported' else 'claimed' end)
            as assurance,
        u.code, u.name, p.name as province, s.name as set_name, s.quality
    from measurements m
    left join units u on u.id = m.unit_id
    left join units p on p.id = u.province_id
    left join boundary_sets s on s.id = m.set_id
    where m.device_id = :device
        and (cast(:at as timestamptz) is null or (m.measured_at, m.id) < (:at, :id))
    order by m.measured_at desc, m.id desc limit :limit
""")


def serialize_results(
    device_id: UUID | None, items: Sequence[Item], language: Language
) -> list[dict[str, Any]]:
    """Return one result per item, in order; a duplicate has today's verdict."""
    ids = [item.id for item in items if item.outcome == "duplicate"]
    stored = {row["id"]: row for row in _rows(device_id, ids)} if ids else {}
    return [_serialize_result(item, stored, language) for item in items]


def _serialize_result(
    item: Item, stored: Mapping[UUID | None, Mapping[Any, Any]], language: Language
) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": item.echo, "outcome": item.outcome}
    if item.errors:  # rejected, or withdrawn before
        answer["errors"] = serialize_errors(item.errors, language)
    elif item.outcome == "accepted":
        place = {name: getattr(item.placed, name, None) for name in PLACE}
        answer |= _serialize_verdict(item.row | place, language)
    elif item.outcome == "duplicate" and item.id in stored:
        answer |= _serialize_verdict(stored[item.id], language)
    return answer


def _serialize_verdict(row: Mapping[Any, Any], language: Language) -> dict[str, Any]:
    boundaries = None  # without a usable position no set is queried
    if row["set_name"]:
        boundaries = {"set": row["set_name"], "quality": row["quality"]}
    unit = None
    if row["unit_id"] is not None:
        unit = {name: row[name] for name in ("code", "name", "province", "how")}
        unit["ambiguous"] = "border_ambiguous" in row["marks"]
    return {
        "valid": row["valid"],
        "counted": row["counted"],
        "assurance": row["assurance"],
        "reasons": serialize_reasons(row["reasons"], language),
        "marks": serialize_marks(row, language),
        "unit": unit,
        "month": row["day"].isoformat()[:7],
        "boundaries": boundaries,
    }


def serialize_reasons(codes: Iterable[str], language: Language) -> list[dict[str, str]]:
    """Return reasons or marks with their messages."""
    return [{"code": code, "message": BY_CODE[code].message(language)} for code in codes]


def serialize_marks(row: Mapping[Any, Any], language: Language) -> list[dict[str, str]]:
    """Return marks with their messages, without those that are reasons."""
    return serialize_reasons([one for one in row["marks"] if one not in row["reasons"]], language)


def own_measurement(device_id: UUID, identity: str, language: Language) -> dict[str, Any]:
    """Return one of the device's own measurements; 404 for any other id."""
    wanted = read_id(identity)
    rows = _rows(device_id, [wanted]) if wanted else []
    if not rows:
        raise Problem(404, "not_found")
    return _serialize_own(rows[0], _earned(rows, language), language)


def own_page(device_id: UUID, cursor: str | None, limit: int, language: Language) -> dict[str, Any]:
    """Return a page of the device's own measurements, newest first."""
    at, last = decode_cursor(cursor, aware_time, UUID) or (None, None)
    limit = max(1, min(limit, MAX_PAGE))
    values = {"device": device_id, "at": at, "id": last, "limit": limit + 1}
    rows = db.session.execute(PAGE, values).mappings().all()
    page, following = take_page(rows, limit, lambda row: (row["measured_at"], row["id"]))
    earned = _earned(page, language)
    return {"items": [_serialize_own(row, earned, language) for row in page], "next": following}


def check_ids(device_id: UUID, ids: Sequence[str]) -> dict[str, list[str]]:
    """Divide ids into those stored for this device and the others."""
    parsed = {written: read_id(written) for written in ids}
    stored = {row["id"] for row in _rows(device_id, [one for one in parsed.values() if one])}
    return {
        "held": [written for written, identity in parsed.items() if identity in stored],
        "missing": [written for written, identity in parsed.items() if identity not in stored],
    }


def _earned(
    rows: Sequence[Mapping[Any, Any]], language: Language
) -> dict[UUID, list[dict[str, Any]]]:
    """Return the earnings of measurements by measurement."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in db.session.execute(EARNED, {"ids": [one["id"] for one in rows]}).mappings():
        earned: dict[str, Any] = {name: row[name] for name in ("campaign", "team", "corrected")}
        earned |= {"counted": row["category"] in COUNTED_CATEGORIES, "reason": None}
        if not earned["counted"]:
            known = BY_CODE.get(row["category"])
            reason = known.message(language) if known else message(row["category"], language)
            earned["reason"] = {"code": row["category"], "message": reason}
        found[row["measurement_id"]].append(earned)
    return found


def _serialize_own(
    row: Mapping[Any, Any], earned: Mapping[UUID, list[dict[str, Any]]], language: Language
) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "outcome": "accepted",
        "measured_at": row["measured_at"].isoformat(),
        "received_at": row["received_at"].isoformat(),
        **{name: row[name] for name in OWN_FIGURES},
        **_serialize_verdict(row, language),
        "earned": earned.get(row["id"], []),
    }


def _rows(device_id: UUID | None, ids: Sequence[UUID | None]) -> Sequence[Mapping[Any, Any]]:
    return db.session.execute(BY_ID, {"device": device_id, "ids": list(ids)}).mappings().all()
