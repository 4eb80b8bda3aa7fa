"""Remarks of a draft: every section has its own version, so that several people can write.

A remark is added to the sentences of its section, or replaces them (`rewrites`).

A change names the version of the text that was read; where that text has changed since, both texts
are kept: the stored one, and the other in the answer, for the person to choose or to merge.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from marshmallow import ValidationError
from sqlalchemy import select

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.accounts.models import User
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid
from backend.fields import Text
from backend.http import etags
from backend.organisations.scopes import unit_scope
from backend.reports.content.figures import SECTIONS
from backend.reports.monthly.models import RemarkVersion, ReportRow
from backend.reports.monthly.service import load_report, lock_draft

# Several pages of a letter, enough for a section.
MAX_REMARK = 10_000
# UTF-8 needs at most four bytes for a character.
MAX_BODY = 4 * MAX_REMARK
# Changes of a person with shorter pauses are one sitting, which is one entry of the audit log.
SITTING = timedelta(minutes=30)
# Digits of the digest of a text that a form was filled with.
DIGITS = 16

REMARK = Text(most=MAX_REMARK)


class Remark(NamedTuple):
    """A text, and whether it replaces the sentences of its section."""

    text: str
    rewrites: bool


class RemarkState(TypedDict):
    """The remark of a section; `seen` names version and text for a form."""

    section: str
    text: str
    rewrites: bool  # it replaces the proposed sentences; else it is added to them
    version: int
    seen: str
    changed_at: datetime | None
    changed_by: str | None


class RemarkSaved(RemarkState):
    """The saved remark, and the version of its report."""

    report_version: int


class RemarksState(TypedDict):
    """The remarks of a report by section."""

    report_id: int
    version: int
    items: list[RemarkState]


def list_remarks(actor: Actor, report_id: int) -> RemarksState:
    """Return the remark of each section with its version, to officials of the unit."""
    row = load_report(actor, report_id)
    require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    return {"report_id": row.id, "version": row.version, "items": list(remarks_of(row).values())}


def remarks_of(row: ReportRow) -> dict[str, RemarkState]:
    """Return the remark of each section with its version, its last author and time."""
    query = (
        select(RemarkVersion, User.display_name)
        .outerjoin(User, User.id == RemarkVersion.changed_by)
        .where(RemarkVersion.report_id == row.id)
    )
    known = {one.section: (one, name) for one, name in db.session.execute(query)}
    found = dict[str, RemarkState]()
    for section in SECTIONS:
        stored, name = known.get(section, (None, None))
        text, version = row.remarks.get(section, ""), stored.version if stored else 0
        found[section] = {
            "section": section,
            "text": text,
            "rewrites": section in row.rewritten,
            "version": version,
            "seen": seen_token(version, text),
            "changed_at": stored.changed_at if stored else None,
            "changed_by": name,
        }
    return found


def seen_token(version: int, text: str) -> str:
    """Return what a form remembers of a text: its version and a digest of it."""
    return f"{version}-{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"


def normalise(text: str | None) -> str:
    """Return a text with the line ends of Python and without blanks around it."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def save_remark(
    actor: Actor,
    report_id: int,
    section: str,
    expected: etags.Expected,
    body: bytes,
    now: datetime,
    *,
    rewrites: bool = False,
) -> RemarkSaved:
    """Save the remark of one section; 412 with the stored text if another one was read."""
    row = lock_draft(actor, report_id)
    if section not in SECTIONS:
        raise Problem(404, "not_found")
    if expected is None:
        raise Problem(428, "precondition_required")
    try:
        text = normalise(REMARK.deserialize(body.decode("utf-8")))
    except UnicodeDecodeError:
        raise invalid("text", "not_unicode") from None
    except ValidationError as error:
        raise invalid("text", str(error.messages[0])) from None
    stored = remarks_of(row)[section]
    if (text, rewrites) != (stored["text"], stored["rewrites"]):
        if str(stored["version"]) not in expected:
            at = stored["changed_at"]
            stored_then = {**stored, "changed_at": at.isoformat() if at else None}
            raise Problem(412, "remark_conflict", members={"stored": stored_then})
        _store(actor, row, {section: Remark(text, rewrites)}, now)
    db.session.flush()
    answer: RemarkSaved = {**remarks_of(row)[section], "report_version": row.version}
    db.session.commit()
    return answer


def save_typed(
    actor: Actor,
    report_id: int,
    typed: Mapping[str, Remark],
    seen: Mapping[str, str | None],
    now: datetime,
) -> ReportRow:
    """Save the sections of a form that were changed in it; 412 names those with a conflict.

    The other sections are saved even then. `seen` has the token of each section in the form.
    """
    row = lock_draft(actor, report_id)
    stored = remarks_of(row)
    changed, conflicts = dict[str, Remark](), list[str]()
    for section, remark in typed.items():
        text, read = normalise(remark.text), seen.get(section) or ""
        unread = seen_token(0, text).partition("-")[2]
        if read == stored[section]["seen"]:
            changed[section] = Remark(text, remark.rewrites)
        elif text != stored[section]["text"] and not read.endswith(f"-{unread}"):
            conflicts.append(section)
    _store(actor, row, changed, now)
    db.session.commit()
    if conflicts:
        raise Problem(412, "remark_conflict", [FieldError(s, "remark_conflict") for s in conflicts])
    return row


def _store(actor: Actor, row: ReportRow, remarks: Mapping[str, Remark], now: datetime) -> None:
    """Store remarks of a locked draft; an empty one is removed. One sitting is one audit entry."""
    before = {n: Remark(row.remarks.get(n, ""), n in row.rewritten) for n in remarks}
    changed = sorted(name for name, remark in remarks.items() if remark != before[name])
    if not changed:
        return
    texts = row.remarks | {name: remarks[name].text for name in changed}
    rewritten = {*row.rewritten, *(n for n in changed if remarks[n].rewrites)}
    rewritten -= {name for name in changed if not remarks[name].rewrites}
    recent = select(RemarkVersion.section).where(
        RemarkVersion.report_id == row.id,
        RemarkVersion.changed_by == actor.user_id,
        RemarkVersion.changed_at > now - SITTING,
    )
    if db.session.scalar(recent.limit(1)) is None:
        record_act(actor, "report.remark", f"report:{row.id}", sections=changed)
    row.remarks = {name: text for name, text in texts.items() if text}
    row.rewritten, row.version = sorted(rewritten), row.version + 1
    for section in changed:
        stored = db.session.get(RemarkVersion, (row.id, section))
        if stored is None:
            stored = RemarkVersion(report_id=row.id, section=section, version=0)
            db.session.add(stored)
        stored.version += 1
        stored.changed_by, stored.changed_at = actor.user_id, now


def carried_remarks(row: ReportRow) -> dict[str, Any]:
    """Return the columns of remarks for the next edition of a report."""
    return {"remarks": row.remarks, "rewritten": row.rewritten}


def remark_versions(report_id: int) -> dict[str, int]:
    """Return the version of each section with a remark, for the audit log."""
    query = select(RemarkVersion.section, RemarkVersion.version).filter_by(report_id=report_id)
    return {row.section: row.version for row in db.session.execute(query.order_by("section"))}
