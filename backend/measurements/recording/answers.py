"""The answers to a phone about its measurements, in words that a volunteer understands."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy import text

from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.fields import aware_time
from backend.i18n.languages import Language
from backend.i18n.messages import message
from backend.measurements.recording.incoming import read_id
from backend.measurements.recording.reading import Item
from backend.measurements.recording.reasons import BY_CODE, COUNTED

PAGE_MOST = 500
CHECK_MOST = 1_000

SELECT = """
    select m.id, m.day, m.measured_at, m.received_at, m.network, m.kind, m.download_mbps,
           m.upload_mbps, m.ping_ms, m.reasons, m.marks, m.valid, m.counted, m.how, m.unit_id,
           u.code, u.name, p.name as province, s.name as set_name, s.quality
    from measurements m
    left join units u on u.id = m.unit_id
    left join units p on p.id = u.province_id
    left join boundary_sets s on s.id = m.set_id
"""
BY_ID = text(f"""{SELECT}
    where m.id = any(:ids) and m.device_id is not distinct from cast(:device as uuid)
""")
# Who has it in which campaign, and what it is worth there.
EARNED = text("""
    select e.measurement_id, c.name as campaign, t.name as team, e.fate,
           e.correction_id is not null as corrected
    from earnings e join campaigns c on c.id = e.campaign_id join teams t on t.id = e.team_id
    where e.measurement_id = any(:ids) order by e.measurement_id, e.campaign_id
""")
PAGE = text(f"""{SELECT}
    where m.device_id = :device
      and (cast(:at as timestamptz) is null or (m.measured_at, m.id) < (:at, :id))
    order by m.measured_at desc, m.id desc limit :limit
""")


def results(
    device_id: UUID | None, items: Sequence[Item], language: Language
) -> list[dict[str, Any]]:
    """One answer an item, in order; a duplicate gets the verdict that stands today."""
    ids = [item.id for item in items if item.outcome == "duplicate"]
    stored = {row["id"]: row for row in _rows(device_id, ids)} if ids else {}
    return [_result(item, stored, language) for item in items]


def _result(
    item: Item, stored: Mapping[UUID | None, Mapping[Any, Any]], language: Language
) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": item.echo, "outcome": item.outcome}
    if item.outcome == "rejected":
        answer["errors"] = [
            {"field": one.field, "code": one.code, "message": message(one.code, language)}
            for one in item.errors
        ]
    elif item.outcome == "accepted":
        answer |= _verdict(_fresh(item), language)
    elif item.outcome == "duplicate" and item.id in stored:
        answer |= _verdict(stored[item.id], language)
    return answer


def _fresh(item: Item) -> dict[str, Any]:
    placed = item.placed
    return item.row | {
        "code": placed.code if placed else None,
        "name": placed.name if placed else None,
        "province": placed.province if placed else None,
        "set_name": placed.set_name if placed else None,
        "quality": placed.quality if placed else None,
    }


def _verdict(row: Mapping[Any, Any], language: Language) -> dict[str, Any]:
    boundaries = None  # no set was asked where there is no usable position
    if row["set_name"]:
        boundaries = {"set": row["set_name"], "quality": row["quality"]}
    unit = None
    if row["unit_id"] is not None:
        unit = {
            "code": row["code"],
            "name": row["name"],
            "province": row["province"],
            "how": row["how"],
            "ambiguous": "border_ambiguous" in row["marks"],
        }
    return {
        "valid": row["valid"],
        "counted": row["counted"],
        "reasons": in_words(row["reasons"], language),
        "marks": in_words(row["marks"], language),
        "unit": unit,
        "month": row["day"].isoformat()[:7],
        "boundaries": boundaries,
    }


def in_words(codes: Iterable[str], language: Language) -> list[dict[str, str]]:
    """Reasons or marks with what a person reads."""
    return [{"code": code, "message": BY_CODE[code].words(language)} for code in codes]


def batch(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A batch's answers with their totals."""
    outcomes = [answer["outcome"] for answer in answers]
    totals = {
        name: outcomes.count(name) for name in ("accepted", "duplicate", "conflict", "rejected")
    }
    return {"results": list(answers), **totals}


def own(device_id: UUID, identity: str, language: Language) -> dict[str, Any]:
    """One of the device's own measurements; 404 for anything else."""
    wanted = read_id(identity)
    rows = _rows(device_id, [wanted]) if wanted else []
    if not rows:
        raise Problem(404, "not_found")
    return _own(rows[0], _earned(rows, language), language)


def own_page(device_id: UUID, cursor: str | None, limit: int, language: Language) -> dict[str, Any]:
    """A page of the device's own measurements, newest first."""
    at, last = read_cursor(cursor) if cursor else (None, None)
    limit = max(1, min(limit, PAGE_MOST))
    rows = list(
        db.session.execute(
            PAGE, {"device": device_id, "at": at, "id": last, "limit": limit}
        ).mappings()
    )
    more = len(rows) == limit
    end = f"{rows[-1]['measured_at'].isoformat()}_{rows[-1]['id']}" if more else None
    earned = _earned(rows, language)
    return {"items": [_own(row, earned, language) for row in rows], "next": end}


def check(device_id: UUID, ids: Any) -> dict[str, list[str]]:
    """Which of these ids are held of this device."""
    wanted = {given: read_id(given) for given in ids}
    held = {row["id"] for row in _rows(device_id, [one for one in wanted.values() if one])}
    return {
        "held": [given for given, identity in wanted.items() if identity in held],
        "missing": [given for given, identity in wanted.items() if identity not in held],
    }


def _earned(
    rows: Sequence[Mapping[Any, Any]], language: Language
) -> dict[UUID, list[dict[str, Any]]]:
    """The teams that have these measurements, by measurement."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in db.session.execute(EARNED, {"ids": [one["id"] for one in rows]}).mappings():
        words = {"counted": row["fate"] == COUNTED, "reason": None}
        if not words["counted"]:
            known = BY_CODE.get(row["fate"])
            told = known.words(language) if known else message(row["fate"], language)
            words["reason"] = {"code": row["fate"], "message": told}
        named = {name: row[name] for name in ("campaign", "team", "corrected")}
        found[row["measurement_id"]].append(named | words)
    return found


def _own(
    row: Mapping[Any, Any], earned: Mapping[UUID, list[dict[str, Any]]], language: Language
) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "outcome": "accepted",
        "measured_at": row["measured_at"].isoformat(),
        "received_at": row["received_at"].isoformat(),
        **{name: row[name] for name in ("network", "download_mbps", "upload_mbps", "ping_ms")},
        **_verdict(row, language),
        "earned": earned.get(row["id"], []),
    }


def _rows(device_id: UUID | None, ids: Sequence[UUID | None]) -> Sequence[Mapping[Any, Any]]:
    return db.session.execute(BY_ID, {"device": device_id, "ids": list(ids)}).mappings().all()


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The moment and id of a page's last measurement; 422 for what this API did not give."""
    at, _, identity = cursor.partition("_")
    try:
        return aware_time(at.replace(" ", "+")), UUID(identity)
    except (ValueError, ValidationError):
        raise invalid("cursor", "not_cursor") from None
