"""Responses to a phone about its measurements, with reasons in the reader's language."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.devices.notices import Notice
from backend.errors import FieldMessage, Problem
from backend.fields import aware_time
from backend.http.paging import decode_cursor, take_page
from backend.http.problems import serialize_errors
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.measurements.recording.intake import (
    Outcome,
    OutcomeCounts,
    outcome_counts,
    read_id,
)
from backend.measurements.recording.reasons import BY_CODE, COUNTED_CATEGORIES
from backend.measurements.recording.rows import SampleItem
from backend.memberships.attribution import stay_at, uncovered
from backend.memberships.attribution_rows import stays_of, terms_of
from backend.units.catalogue import Boundaries, Quality
from backend.witness.assurance import Assurance
from backend.witness.service import TicketAnswer

MAX_PAGE = 500
MAX_CHECK = 1_000
# Rows from before tickets have no assurance.
BY_ID = text("""
    select m.id, m.day, m.measured_at, m.received_at, m.network, m.kind, m.technology,
        m.download_mbps, m.upload_mbps, m.ping_ms, m.ping_download_ms, m.ping_upload_ms,
        m.download_stability_percent, m.upload_stability_percent, m.reasons, m.marks, m.valid,
        m.counted, m.how, m.unit_id,
        coalesce(m.assurance, case m.source when 'import' then 'imported' else 'claimed' end)
            as assurance,
        u.parent_id, u.province_id, u.code, u.name, p.name as province, s.name as set_name,
        s.quality
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
NAMES = text("""
    select m.id, c.name as campaign, t.name as team
    from memberships m join campaigns c on c.id = m.campaign_id join teams t on t.id = m.team_id
    where m.id = any(:ids)
""")
PAGE = text("""
    select m.id, m.day, m.measured_at, m.received_at, m.network, m.kind, m.technology,
        m.download_mbps, m.upload_mbps, m.ping_ms, m.ping_download_ms, m.ping_upload_ms,
        m.download_stability_percent, m.upload_stability_percent, m.reasons, m.marks, m.valid,
        m.counted, m.how, m.unit_id,
        coalesce(m.assurance, case m.source when 'import' then 'imported' else 'claimed' end)
            as assurance,
        u.parent_id, u.province_id, u.code, u.name, p.name as province, s.name as set_name,
        s.quality
    from measurements m
    left join units u on u.id = m.unit_id
    left join units p on p.id = u.province_id
    left join boundary_sets s on s.id = m.set_id
    where m.device_id = :device
        and (cast(:at as timestamptz) is null or (m.measured_at, m.id) < (:at, :id))
    order by m.measured_at desc, m.id desc limit :limit
""")


class ReasonMessage(TypedDict):
    """A reason why a measurement is not valid or not counted, or a mark."""

    code: str
    message: str  # in the reader's language


class NotePlace(TypedDict):
    """The commune of a sample or a note."""

    code: str
    name: str
    province: str | None


class OwnPlace(NotePlace):
    """The commune in which a measurement lies."""

    how: str | None  # inside, edge, snapped
    ambiguous: bool  # the accuracy circle touches a neighbour


class Result(TypedDict):
    """The result of one measurement that was sent; the verdict of one that is stored."""

    id: str | None  # as it was sent; null: none
    outcome: Outcome
    valid: NotRequired[bool]
    counted: NotRequired[bool]
    assurance: NotRequired[Assurance]
    reasons: NotRequired[list[ReasonMessage]]
    marks: NotRequired[list[ReasonMessage]]  # without those that are reasons
    unit: NotRequired[OwnPlace | None]  # null: in no commune
    month: NotRequired[str]  # YYYY-MM
    boundaries: NotRequired[Boundaries | None]  # null: without a position no set is asked
    notices: NotRequired[list[Notice]]  # this and the next two: of a single measurement
    consent_outdated: NotRequired[bool]
    next_test: NotRequired[TicketAnswer | None]  # null: too many unused, or of a day
    errors: NotRequired[list[FieldMessage]]


class BatchResult(OutcomeCounts):
    """The results of a batch, in its order."""

    results: list[Result]
    consent_outdated: NotRequired[bool]
    next_test: NotRequired[TicketAnswer | None]
    notices: NotRequired[list[Notice]]


class Attribution(TypedDict):
    """Attribution to a team in a campaign."""

    campaign: str  # names
    team: str
    counted: bool
    reason: ReasonMessage | None  # why the measurement does not count there
    corrected: bool  # by an organiser


class NotEarned(TypedDict):
    """A team of the phone whose campaign does not cover a measurement, and why."""

    campaign: str  # names
    team: str
    reason: ReasonMessage


class OwnMeasurement(Result):
    """One of the device's own measurements with its verdict."""

    measured_at: str  # ISO 8601
    received_at: str
    network: str  # mobile, fixed, unknown
    technology: NotRequired[str | None]
    download_mbps: NotRequired[float | None]
    upload_mbps: NotRequired[float | None]
    ping_ms: NotRequired[float | None]
    ping_download_ms: NotRequired[float | None]
    ping_upload_ms: NotRequired[float | None]
    download_stability_percent: NotRequired[float | None]
    upload_stability_percent: NotRequired[float | None]
    earned: list[Attribution]
    not_earned: list[NotEarned]


class OwnPage(TypedDict):
    """A page of the device's own measurements, newest first."""

    items: list[OwnMeasurement]
    next: str | None  # the cursor of the next page; null on the last one


class CheckResult(TypedDict):
    """Ids that are stored for this device, and the others."""

    held: list[str]
    missing: list[str]


class VerdictRow(TypedDict):
    """A measurement with its place, as its verdict is answered from."""

    reasons: Sequence[str]
    marks: Sequence[str]
    day: date
    valid: bool
    counted: bool
    assurance: Assurance
    unit_id: int | None
    how: str | None
    code: str | None  # of the unit
    name: str | None
    province: str | None
    set_name: str | None  # of the boundaries
    quality: Quality | None


class OwnRow(VerdictRow):
    """A row of BY_ID or PAGE."""

    id: UUID
    measured_at: datetime
    received_at: datetime
    network: str
    technology: str | None
    download_mbps: float | None
    upload_mbps: float | None
    ping_ms: float | None
    ping_download_ms: float | None
    ping_upload_ms: float | None
    download_stability_percent: float | None
    upload_stability_percent: float | None
    parent_id: int | None  # of the commune
    province_id: int | None


def serialize_results(
    device_id: UUID | None, items: Sequence[SampleItem], language: Language
) -> list[Result]:
    """Return one result per item, in order; a duplicate has today's verdict."""
    ids = [item.id for item in items if item.outcome == "duplicate"]
    stored = {row["id"]: row for row in _rows(device_id, ids)} if ids else {}
    return [_serialize_result(item, stored, language) for item in items]


def serialize_batch(items: Sequence[SampleItem], results: list[Result]) -> BatchResult:
    """Return the results of a batch with the number of each outcome."""
    counts = outcome_counts(items)
    return {
        "results": results,
        "accepted": counts["accepted"],
        "duplicate": counts["duplicate"],
        "conflict": counts["conflict"],
        "rejected": counts["rejected"],
    }


def _serialize_result(
    item: SampleItem, stored: Mapping[UUID, OwnRow], language: Language
) -> Result:
    answer: Result = {"id": item.echo, "outcome": item.outcome}
    if item.errors:  # rejected, or withdrawn before
        return {**answer, "errors": serialize_errors(item.errors, language)}
    if item.outcome == "accepted":
        return _with_verdict(answer, _verdict_row(item), language)
    if item.outcome == "duplicate" and item.id and item.id in stored:
        return _with_verdict(answer, stored[item.id], language)
    return answer


def _verdict_row(item: SampleItem) -> VerdictRow:
    """Return the row of a new sample with its place."""
    placed = item.placed
    place = {
        "code": placed.code if placed else None,
        "name": placed.name if placed else None,
        "province": placed.province if placed else None,
        "set_name": placed.set_name if placed else None,
        "quality": placed.quality if placed else None,
    }
    return cast(VerdictRow, {**item.row, **place})


def _with_verdict(answer: Result, row: VerdictRow, language: Language) -> Result:
    boundaries: Boundaries | None = None
    if row["set_name"] and row["quality"]:
        boundaries = {"set": row["set_name"], "quality": row["quality"]}
    unit: OwnPlace | None = None
    if row["unit_id"] is not None:
        assert row["code"] and row["name"]
        unit = {
            "code": row["code"],
            "name": row["name"],
            "province": row["province"],
            "how": row["how"],
            "ambiguous": "border_ambiguous" in row["marks"],
        }
    return {
        **answer,
        "valid": row["valid"],
        "counted": row["counted"],
        "assurance": row["assurance"],
        "reasons": serialize_reasons(row["reasons"], language),
        "marks": serialize_marks(row["marks"], row["reasons"], language),
        "unit": unit,
        "month": row["day"].isoformat()[:7],
        "boundaries": boundaries,
    }


def serialize_reasons(codes: Iterable[str], language: Language) -> list[ReasonMessage]:
    """Return reasons or marks with their messages."""
    return [{"code": code, "message": BY_CODE[code].message(language)} for code in codes]


def serialize_marks(
    marks: Sequence[str], reasons: Sequence[str], language: Language
) -> list[ReasonMessage]:
    """Return marks with their messages, without those that are reasons."""
    return serialize_reasons([mark for mark in marks if mark not in reasons], language)


def own_measurement(device_id: UUID, identity: str, language: Language) -> OwnMeasurement:
    """Return one of the device's own measurements; 404 for any other id."""
    wanted = read_id(identity)
    rows = _rows(device_id, [wanted]) if wanted else []
    if not rows:
        raise Problem(404, "not_found")
    return _serialize_own_rows(device_id, rows, language)[0]


def own_page(device_id: UUID, cursor: str | None, limit: int, language: Language) -> OwnPage:
    """Return a page of the device's own measurements, newest first."""
    at, last = decode_cursor(cursor, aware_time, UUID) or (None, None)
    limit = max(1, min(limit, MAX_PAGE))
    values = {"device": device_id, "at": at, "id": last, "limit": limit + 1}
    rows = cast(Sequence[OwnRow], db.session.execute(PAGE, values).mappings().all())
    page, following = take_page(rows, limit, lambda row: (row["measured_at"], row["id"]))
    return {"items": _serialize_own_rows(device_id, page, language), "next": following}


def check_ids(device_id: UUID, ids: Sequence[str]) -> CheckResult:
    """Divide ids into those stored for this device and the others."""
    parsed = {written: read_id(written) for written in ids}
    stored = {row["id"] for row in _rows(device_id, [id for id in parsed.values() if id])}
    return {
        "held": [written for written, identity in parsed.items() if identity in stored],
        "missing": [written for written, identity in parsed.items() if identity not in stored],
    }


def _serialize_own_rows(
    device_id: UUID, rows: Sequence[OwnRow], language: Language
) -> list[OwnMeasurement]:
    earned, missed = _earned(rows, language), _not_earned(device_id, rows, language)
    return [
        _serialize_own(row, earned.get(row["id"], []), missed.get(row["id"], []), language)
        for row in rows
    ]


def _not_earned(
    device_id: UUID, rows: Sequence[OwnRow], language: Language
) -> dict[UUID, list[NotEarned]]:
    """Return the teams of the phone at the time of each whose campaign does not cover it."""
    stays = stays_of(device_id)
    terms = {one.campaign_id: one for one in terms_of({stay.campaign_id for stay in stays})}
    ids = {"ids": [stay.membership_id for stay in stays]}
    names = {one.id: one for one in db.session.execute(NAMES, ids)} if stays else {}
    by_measurement: dict[UUID, list[NotEarned]] = defaultdict(list)
    for row in rows:
        above = row["unit_id"], row["parent_id"], row["province_id"]
        within = {unit for unit in above if unit is not None}
        for campaign_id, of_campaign in terms.items():
            stay = stay_at(stays, campaign_id, row["measured_at"])
            code = uncovered(of_campaign, row["day"], row["network"], row["unit_id"], within)
            if stay and code:
                name = names[stay.membership_id]
                by_measurement[row["id"]].append({
                    "campaign": name.campaign,
                    "team": name.team,
                    "reason": {"code": code, "message": message(code, language)},
                })  # fmt: skip
    return by_measurement


def _earned(rows: Sequence[OwnRow], language: Language) -> dict[UUID, list[Attribution]]:
    """Return the earnings of measurements by measurement."""
    by_measurement: dict[UUID, list[Attribution]] = defaultdict(list)
    for row in db.session.execute(EARNED, {"ids": [own["id"] for own in rows]}).mappings():
        counted = row["category"] in COUNTED_CATEGORIES
        by_measurement[row["measurement_id"]].append({
            "campaign": row["campaign"],
            "team": row["team"],
            "corrected": row["corrected"],
            "counted": counted,
            "reason": None if counted else _reason_of(row["category"], language),
        })  # fmt: skip
    return by_measurement


def _reason_of(category: str, language: Language) -> ReasonMessage:
    """Return why an earning of a category does not count: a rule's reason, or a campaign's."""
    reason = BY_CODE.get(category)
    text = reason.message(language) if reason else message(category, language)
    return {"code": category, "message": text}


def _serialize_own(
    row: OwnRow, earned: list[Attribution], missed: list[NotEarned], language: Language
) -> OwnMeasurement:
    stored: Result = {"id": str(row["id"]), "outcome": "accepted"}
    return {
        **_with_verdict(stored, row, language),
        "measured_at": row["measured_at"].isoformat(),
        "received_at": row["received_at"].isoformat(),
        "network": row["network"],
        "technology": row["technology"],
        "download_mbps": row["download_mbps"],
        "upload_mbps": row["upload_mbps"],
        "ping_ms": row["ping_ms"],
        "ping_download_ms": row["ping_download_ms"],
        "ping_upload_ms": row["ping_upload_ms"],
        "download_stability_percent": row["download_stability_percent"],
        "upload_stability_percent": row["upload_stability_percent"],
        "earned": earned,
        "not_earned": missed,
    }


def _rows(device_id: UUID | None, ids: Sequence[UUID | None]) -> Sequence[OwnRow]:
    rows = db.session.execute(BY_ID, {"device": device_id, "ids": list(ids)}).mappings().all()
    return cast(Sequence[OwnRow], rows)
