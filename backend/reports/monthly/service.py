"""Read reports: a page of them, one, its figures, its files, by digest; remove those of a demo."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, or_, select, text

from backend.accounts.access import Actor, can, require, require_person
from backend.clock import local_day, month_end
from backend.database.extensions import db
from backend.errors import Problem, or_404
from backend.http import etags
from backend.http.paging import decode_cursor, row_id, take_page
from backend.measurements.recording.requirements import counts_from_of
from backend.measurements.recording.rules import RULES
from backend.organisations.references import serialize_units
from backend.organisations.scopes import unit_scope, unit_scopes
from backend.reports.content.figures import LetterChoices, Report, ReportUnit, digest
from backend.reports.content.proposals import propose
from backend.reports.content.sections import Collected, collect
from backend.reports.files.letter import Signature
from backend.reports.files.rendering import LETTER, RENDERERS, render_file
from backend.reports.monthly.letterheads import letterhead_on, references_on
from backend.reports.monthly.models import Attachment, ReportFile, ReportRow, SealKey
from backend.reports.monthly.seals import (
    Trusted,
    seal_of,
    seal_problem,
    sealed_files,
    serialize_key,
)
from backend.units.models import Unit
from backend.units.service import UnitRow, find
from geo.gazetteer import plain

NAMES = (
    "id", "month", "edition", "reason", "state", "demo", "version", "remarks", "rewritten",
    "created_at", "frozen_at", "digest", "superseded_at",
)  # fmt: skip
FILE = ("name", "size", "digest")
ATTACHMENT = ("id", "number", "signed_on", "size", "digest", "attached_at")
REMOVE_DEMO = text("delete from reports where demo and (state <> 'draft' or edition > 1)")
KEEP_DRAFTS = text("update reports set demo = false where demo")
SHA256 = re.compile(r"[0-9a-f]{64}")
Read = Callable[[UnitRow, str, datetime], Collected]
# Letter 5691/BTTTT-CVT: before day 15 of the following month.
DEADLINE_DAY = 15


def load_report(actor: Actor, report_id: int, *, lock: bool = False) -> ReportRow:
    """Return a report that the actor may read, else raise 404; `lock`: for update."""
    row = or_404(db.session.get(ReportRow, report_id, populate_existing=True, with_for_update=lock))
    if row.approved_at is None:
        require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    return row


def authorized_report(
    actor: Actor, act: str, report_id: int, expected: etags.Expected, *, lock: bool = False
) -> ReportRow:
    """Return a report on which the actor may act, if it still has the expected version."""
    require_person(actor)
    row = load_report(actor, report_id, lock=lock)
    require(actor, act, unit_scope(row.unit_id))
    etags.must_match(expected, row.version)
    return row


def lock_draft(actor: Actor, report_id: int) -> ReportRow:
    """Return a draft that the actor may change, for update."""
    require_person(actor)
    row = load_report(actor, report_id, lock=True)
    require(actor, "report.edit", unit_scope(row.unit_id))
    require_draft(row)
    return row


def require_draft(row: ReportRow) -> None:
    """Raise 409 if figures are frozen."""
    if row.state != "draft":
        raise Problem(409, "report_not_draft")


def frozen_reports(
    actor: Actor, units: Iterable[int], months: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the frozen reports of units and of those above them that an actor may read."""
    inside = Unit.id.in_(list(units))
    above = [select(one).where(inside) for one in (Unit.id, Unit.parent_id, Unit.province_id)]
    query = select(ReportRow.id, ReportRow.month, ReportRow.edition, Unit.name).join(
        Unit, Unit.id == ReportRow.unit_id
    )
    query = query.where(
        ReportRow.month.in_(list(months)),
        ReportRow.state.in_(("frozen", "approved")),
        ReportRow.unit_id.in_(above[0].union(*above[1:])),
        readable_by(actor),
    )
    rows = db.session.execute(query.order_by(ReportRow.month, ReportRow.id))
    return [dict(row) for row in rows.mappings()]


def readable_by(actor: Actor) -> ColumnElement[bool]:
    """Return the SQL condition of reports that the actor may read."""
    units = list[int]()
    if actor.grants:
        waiting = select(ReportRow.unit_id).where(ReportRow.approved_at.is_(None)).distinct()
        scopes = unit_scopes(db.session.scalars(waiting).all())
        units = [unit for unit, scope in scopes.items() if can(actor, "report.read", scope)]
    return or_(ReportRow.approved_at.is_not(None), ReportRow.unit_id.in_(units))


def compose(row: ReportRow, now: datetime, read: Read = collect) -> Report:
    """Return the report with present figures, as freezing would store it."""
    unit, chosen, day = unit_of(row), letter_choices(row), local_day(now)
    counts, sections = read(unit, row.month, now)
    used = counts.first["boundaries"]
    references = chosen.pop("references")
    cited = references_on(unit, day) if references is None else references
    details: Any = {name: getattr(unit, name) for name in ReportUnit.__annotations__}
    return {
        "unit": details,
        "month": row.month,
        "edition": row.edition,
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "boundaries": {"set": used["set"], "quality": used["quality"]} if used else None,
        "demo": counts.first["demo"],
        "rules": RULES,
        "counts_from": counts_from_of(row.month),
        "sections": sections,
        "proposed": propose(details, row.month, sections),
        "remarks": dict(row.remarks),
        "rewritten": list(row.rewritten),
        "letterhead": {**letterhead_on(unit, day), "references": cited},
        "letter": cast(LetterChoices, chosen),
    }


def letter_choices(row: ReportRow) -> dict[str, Any]:
    """Return kind and documents of a report's letter; no documents: those of the letterhead."""
    chosen = row.letter or {"kind": "official_letter", "references": None}
    return {"kind": chosen["kind"], "references": chosen["references"]}


def signature_of(row: ReportRow) -> Signature | None:
    """Return the signature that was given at approval; None before, and in earlier reports."""
    signed = (row.letter or {}).get("signature")
    return Signature(signed["titles"], signed["name"]) if signed else None


def frozen_report(row: ReportRow, trusted: Trusted) -> Report:
    """Return the report as it was frozen; 500 if its content was changed since."""
    assert row.content is not None and row.digest is not None  # by the check constraint `frozen`
    _require_original(row, row.content.encode(), row.digest, trusted)
    return cast(Report, json.loads(row.content))


def _require_original(
    row: ReportRow, content: bytes, stored: str, trusted: Trusted, *, unsealed: bool = False
) -> None:
    """Raise 500 if content has another digest than the stored one, or none that is sealed.

    Seals of revoked keys can be read: the page and the API of digests show the revocation.
    """
    seal = seal_of(row)
    problem = seal_problem(seal, stored, trusted) if seal and not unsealed else None
    if digest(content) != stored or problem == "seal_broken":
        raise Problem(500, "report_altered")
    if problem == "seal_key_unknown":
        raise Problem(500, "seal_key_unknown")


def unit_of(row: ReportRow) -> UnitRow:
    """Return the unit as on the month's last day."""
    unit = db.session.get_one(Unit, row.unit_id)
    return find(month_end(row.month), unit.code, unit.level)


def deadline(month: str, day: int = DEADLINE_DAY) -> date:
    """Return the day before which the recipient must have a month's report."""
    return (month_end(month) + timedelta(days=1)).replace(day=day)


def commit_report(row: ReportRow) -> dict[str, Any]:
    """Commit a change of a report and return the report."""
    db.session.flush()
    answer = serialize_report(row)
    db.session.commit()
    return answer


def serialize_report(row: ReportRow) -> dict[str, Any]:
    """Return a report."""
    return serialize_reports([row])[0]


def serialize_reports(rows: Sequence[ReportRow]) -> list[dict[str, Any]]:
    """Return reports, in the order given."""
    ids = [row.id for row in rows]
    units = serialize_units({row.unit_id for row in rows})
    files = _by_report(FILE, ReportFile, ids, ReportFile.name)
    attachments = _by_report(ATTACHMENT, Attachment, ids, Attachment.id)
    return [
        {name: getattr(row, name) for name in NAMES}
        | {
            "unit": units[row.unit_id],
            "deadline": deadline(row.month),
            "approved": {
                "at": row.approved_at,
                "name": row.approver_name,
                "title": row.approver_title,
            }
            if row.approved_at
            else None,
            "seal": seal.serialize() if (seal := seal_of(row)) else None,
            "files": files[row.id],
            "attachments": attachments[row.id],
        }
        for row in rows
    ]


def _by_report(
    names: Iterable[str], model: Any, ids: Sequence[int], order: Any
) -> dict[int, list[dict[str, Any]]]:
    columns = [getattr(model, name) for name in names]
    query = select(model.report_id, *columns).where(model.report_id.in_(ids)).order_by(order)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in db.session.execute(query).mappings():
        found[row["report_id"]].append({name: row[name] for name in names})
    return found


def list_reports(actor: Actor, query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of the reports that the actor may read, the latest first."""
    select_rows = select(ReportRow).where(readable_by(actor)).order_by(ReportRow.id.desc())
    if query["month"]:
        select_rows = select_rows.where(ReportRow.month == query["month"])
    if query["state"]:
        select_rows = select_rows.where(ReportRow.state == query["state"])
    if query["unit"]:
        units = select(Unit.id).where(Unit.code == query["unit"])
        select_rows = select_rows.where(ReportRow.unit_id.in_(units))
    if after := decode_cursor(query["cursor"], row_id):
        select_rows = select_rows.where(ReportRow.id < after[0])
    rows = db.session.scalars(select_rows.limit(query["limit"] + 1)).all()
    page, next_cursor = take_page(rows, query["limit"], lambda row: (row.id,))
    return {"items": serialize_reports(page), "next": next_cursor}


def show_report(actor: Actor, report_id: int) -> dict[str, Any]:
    """Return a report with its state, approval, files and attachments."""
    return serialize_report(load_report(actor, report_id))


def show_figures(actor: Actor, report_id: int, now: datetime, trusted: Trusted) -> Report:
    """Return the figures of a report: present ones of a draft, else the frozen ones."""
    row = load_report(actor, report_id)
    return compose(row, now) if row.state == "draft" else frozen_report(row, trusted)


def read_file(actor: Actor, report_id: int, name: str, now: datetime, trusted: Trusted) -> bytes:
    """Return a file of a report; that of a draft is rendered as a preview and not stored."""
    row = load_report(actor, report_id)
    if row.state == "draft":
        known = name in RENDERERS
        content = render_file(name, compose(row, now), draft=True) if known else None
    else:
        file = db.session.get(ReportFile, (row.id, name)) if "\x00" not in name else None
        content = bytes(file.content) if file else None
        if file and content is not None:
            free = name == LETTER and LETTER not in sealed_files(row)
            _require_original(row, content, file.digest, trusted, unsealed=free)
    if content is None:
        raise Problem(404, "not_found")
    return content


def download_name(actor: Actor, report_id: int, name: str) -> str:
    """Return the name under which a file is saved, such as BC-2026-10-tinh-thai-nguyen.docx."""
    row = load_report(actor, report_id)
    unit = re.sub(r"[^0-9a-z]+", "-", plain(unit_of(row).name)).strip("-")
    edition = f"-ban-{row.edition}" if row.edition > 1 else ""
    draft = "-nhap" if row.state == "draft" else ""
    return f"BC-{row.month}-{unit}{edition}{draft}.{name.partition('.')[2]}"


def remove_demo_reports() -> None:
    """Remove what was frozen of a demo; first drafts stay and show the remaining figures."""
    db.session.execute(REMOVE_DEMO)
    db.session.execute(KEEP_DRAFTS)
    db.session.commit()


def check_digest(text: str, trusted: Trusted) -> dict[str, Any]:
    """Return the approved report that has a digest, with its seal; 404 if there is none.

    `problem` is the code of the reason why the seal is not valid (`seal_problem`). The digest may
    be that of the signed letter, which has a seal of its own unless version 1.0 attached it.
    """
    sha256 = text.lower()
    known = SHA256.fullmatch(sha256)
    row, letter = _sealed_report(sha256) if known else None, None
    if known and row is None:
        attached = select(Attachment).where(Attachment.digest == sha256)
        letter = db.session.scalar(attached.order_by(Attachment.id.desc()).limit(1))
    if letter is not None:
        row = db.session.get_one(ReportRow, letter.report_id)
    if row is None:
        raise Problem(404, "digest_unknown")
    seal = seal_of(letter or row)
    key = db.session.get_one(SealKey, seal.key_number) if seal else None
    problem = seal_problem(seal, sha256, trusted) if seal else "letter_not_sealed"
    return {
        "digest": sha256,
        "of": "letter" if letter else _name(row, sha256),
        "valid": problem is None,
        "problem": problem,
        "report": serialize_report(row),
        "letter": letter and {name: getattr(letter, name) for name in ATTACHMENT},
        "seal": {**serialize_key(key, trusted), **seal.serialize()} if key and seal else None,
    }


def _sealed_report(sha256: str) -> ReportRow | None:
    """Return the approved report whose statement has a digest; an unsealed letter has none."""
    of_file = (
        select(ReportFile.report_id)
        .join(ReportRow, ReportRow.id == ReportFile.report_id)
        .where(
            ReportFile.digest == sha256,
            or_(ReportFile.name != LETTER, ReportRow.statement.contains(f'"{LETTER}"')),
        )
    )
    query = (
        select(ReportRow)
        .where(
            or_(ReportRow.digest == sha256, ReportRow.id.in_(of_file)),
            ReportRow.approved_at.is_not(None),
        )
        .order_by(ReportRow.id.desc())
        .limit(1)
    )
    row: ReportRow | None = db.session.scalar(query)
    return row


def _name(row: ReportRow, sha256: str) -> str:
    """Return the name of the file that has a digest; `figures` for the canonical figures."""
    names = select(ReportFile.name).where(
        ReportFile.report_id == row.id, ReportFile.digest == sha256
    )
    return db.session.scalar(names.order_by(ReportFile.name)) or "figures"
