"""Audit entries as people read them: their details, and those of imports."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypedDict

from sqlalchemy import select

from backend.accounts import users
from backend.accounts.access import Actor
from backend.accounts.models import AuditEntry, User
from backend.database.extensions import db
from backend.fields import Json
from backend.i18n.catalogues import N_, Language, gettext
from backend.reports.content.labels import SECTIONS
from backend.web.admin.roles import MODELS, names_of
from backend.web.site.labels import LABELS

NAMES: Mapping[str, str] = {
    "accepted": N_("accepted"),
    "account": N_("Account"),
    "activation": N_("Activation"),
    "active": N_("active"),
    "address": N_("Address"),
    "after": N_("After"),
    "all": N_("all sessions"),
    "areas": N_("Areas"),
    "arguments": N_("Arguments"),
    "back": N_("restored"),
    "basis": N_("Compared with"),
    "before": N_("Before"),
    "campaign": N_("Campaign"),
    "cap": N_("At most per device and day"),
    "capacity_per_day": N_("Samples per day"),
    "changed": N_("Changed"),
    "channel": N_("Received by"),
    "chosen_by": N_("Chosen by"),
    "closed": N_("unreadable"),
    "coarsened": N_("coarsened"),
    "communes": N_("Communes"),
    "conflict": N_("conflicts"),
    "counted": N_("Counted"),
    "create": N_("created"),
    "created": N_("Created"),
    "date": N_("Day"),
    "day": N_("Day"),
    "deputy": N_("Deputy"),
    "device": N_("Device"),
    "digest": N_("SHA-256"),
    "digests": N_("SHA-256"),
    "done": N_("Done"),
    "dry_run": N_("preview only"),
    "duplicate": N_("duplicates"),
    "edition": N_("Edition"),
    "ended": N_("Ended"),
    "ended_at": N_("Ended at"),
    "error": N_("errors"),
    "exclusion": N_("Decision"),
    "expires_at": N_("Expires at"),
    "file": N_("File"),
    "events": N_("events deleted"),
    "first": N_("First day"),
    "first_day": N_("First day"),
    "format": N_("Format"),
    "from": N_("From"),
    "gone": N_("skipped"),
    "granted": N_("Granted role"),
    "host": N_("Host"),
    "home_unit_id": N_("Home area"),
    "key": N_("Key"),
    "keys": N_("Key"),
    "identity": N_("Account of the office"),
    "kid": N_("Key"),
    "kind": N_("Kind"),
    "last": N_("Last day"),
    "last_day": N_("Last day"),
    "level": N_("Level"),
    "lifts": N_("Reverts decision"),
    "measurements": N_("Measurements"),
    "month": N_("Month"),
    "name": N_("Name"),
    "network": N_("Network"),
    "networks": N_("Networks"),
    "note": N_("Note"),
    "noted": N_("With a note"),
    "organisation_id": N_("Organisation"),
    "parent_id": N_("Belongs to"),
    "prefixes": N_("network prefixes deleted"),
    "purpose": N_("Purpose"),
    "quality": N_("Quality"),
    "reason": N_("Reason"),
    "received": N_("Received"),
    "refused": N_("refused"),
    "rejected": N_("rejected"),
    "remarks": N_("Versions of remarks"),
    "removed": N_("removed"),
    "role": N_("Role"),
    "roles": N_("Roles"),
    "rows": N_("Rows"),
    "rule": N_("Rule"),
    "samples": N_("Samples"),
    "scope": N_("Scope"),
    "scope_id": N_("Responsible for"),
    "scope_kind": N_("Kind of scope"),
    "scopes": N_("Scopes"),
    "sections": N_("Sections"),
    "sha256": N_("SHA-256"),
    "source": N_("Source"),
    "state": N_("State"),
    "target": N_("Target"),
    "team": N_("Team"),
    "team_id": N_("Team"),
    "threshold": N_("Samples"),
    "tickets": N_("tickets deleted"),
    "token": N_("Token"),
    "totals": N_("Totals"),
    "totp_removed": N_("Two-factor authentication removed"),
    "type": N_("Type"),
    "unchanged": N_("unchanged"),
    "unit": N_("Unit"),
    "unit_id": N_("Unit"),
    "units": N_("Units"),
    "update": N_("changed"),
    "uses_most": N_("Uses at most"),
    "url": N_("Address"),
    "valid": N_("Valid"),
    "valid_from": N_("First day"),
    "valid_to": N_("Last day"),
    "version": N_("Version"),
}
YES, NO, NOTHING = N_("yes"), N_("no"), "–"


# Nouns of labels whose codes are values, by the name of the detail.
CODES: Mapping[str, str] = {
    "basis": "basis",
    "channel": "withdrawal_channel",
    "kind": "job",
    "level": "level",
    "network": "network",
    "networks": "network",
    "purpose": "target_purpose",
    "quality": "boundary_quality",
    "reads": "read",
    "role": "role",
    "scope": "scope_kind",
    "scope_kind": "scope_kind",
    "type": "organisation_type",
}
# Kinds of rows whose ids are values, by the name of the detail.
REFERENCES: Mapping[str, str] = {
    "campaign": "campaign",
    "campaign_id": "campaign",
    "home_unit_id": "unit",
    "organisation_id": "organisation",
    "parent_id": "organisation",
    "team": "team",
    "team_id": "team",
    "unit_id": "unit",
}
# Kinds of rows whose ids are in lists, by the name of the detail; elsewhere it may be a number.
LISTS: Mapping[str, str] = {"units": "unit"}
Names = Mapping[tuple[str, int], str]


def names_in(rows: Iterable[Mapping[Any, Any]]) -> Names:
    """Return the names of the rows that entries name by their ids, by kind and id."""
    return names_of({one for row in rows for one in _references(row["details"])})


def _references(details: Mapping[str, Json]) -> Iterator[tuple[str, int]]:
    for name, value in details.items():
        if isinstance(value, Mapping):
            yield from _references(value)
        elif isinstance(value, list) and name in LISTS:
            yield from ((LISTS[name], one) for one in value if isinstance(one, int))
        elif (kind := _kind_of(name, details)) and isinstance(value, int):
            yield kind, value


def _kind_of(name: str, details: Mapping[str, Json]) -> str | None:
    """Return the kind of row that a detail names by its id."""
    if name == "scope_id":
        kind = details.get("scope") or details.get("scope_kind")
        return kind if kind in MODELS else None
    return REFERENCES.get(name)


def readable_details(
    details: Mapping[str, Json], language: Language, names: Names = MappingProxyType({})
) -> list[tuple[str, str]]:
    """Return the names and values of an entry's details in words; unknown ones as they are."""
    return [
        (_name(name, language), _value(name, value, details, language, names))
        for name, value in details.items()
    ]


def _name(name: str, language: Language) -> str:
    return gettext(NAMES.get(name) or SECTIONS.get(name) or name, language)


def _value(
    name: str, value: Json, details: Mapping[str, Json], language: Language, names: Names
) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return gettext(YES if value else NO, language)
    if isinstance(value, Mapping):
        named = readable_details(value, language, names)
        return "; ".join(f"{key}: {text}" for key, text in named) or NOTHING
    if isinstance(value, list) and name in LISTS:
        return ", ".join(_in_list(name, one, names) for one in value) or NOTHING
    if isinstance(value, list):
        return ", ".join(_value(name, one, details, language, names) for one in value) or NOTHING
    if (kind := _kind_of(name, details)) and isinstance(value, int):
        return names.get((kind, value), str(value))
    if name == "sections":
        return SECTIONS.get(str(value), str(value))
    label = LABELS[CODES[name]].get(value) if name in CODES and isinstance(value, str) else None
    return gettext(label, language) if label else str(value)


def _in_list(name: str, value: Json, names: Names) -> str:
    """Return the name of a row whose id is in a list."""
    return names.get((LISTS[name], value), str(value)) if isinstance(value, int) else str(value)


def row_of(subject: str, kind: str) -> int | None:
    """Return the id in a subject of the audit log, e.g. 7 of `kind:7`."""
    named, _, number = subject.partition(":")
    return int(number) if named == kind and number.isdecimal() else None


def actor_of(admin: Actor, text: str | None, now: datetime) -> str | None:
    """Return the actor that a filter names: as in the log, or the one person with a name."""
    if text is None or re.fullmatch(r"[a-z]+(:\d+)?", text):
        return text
    found = users.list_users(admin, None, 2, now, text=text)["items"]
    return f"user:{found[0]['id']}" if len(found) == 1 else text


def people_of(rows: Iterable[Mapping[Any, Any]]) -> dict[str, str]:
    """Return the names of people in entries whose accounts are open, by `user:N`."""
    ids = {row_of(row[name], "user") for row in rows for name in ("actor", "subject")} - {None}
    query = select(User.id, User.display_name, User.name)
    found = db.session.execute(query.where(User.id.in_(ids), User.closed_at.is_(None)))
    return {f"user:{one.id}": one.display_name or one.name or "" for one in found}


class NameOrigin(TypedDict):
    """Who gave a person their login name, and when."""

    renamed: bool  # the person changed it; false: it is that of the invitation
    by: str  # a name, or the actor as in the log
    at: datetime


def origins_of(user_ids: Iterable[int]) -> dict[int, NameOrigin]:
    """Return who gave people their login names, and when: the inviting person or they."""
    subjects = [f"user:{user_id}" for user_id in user_ids]
    acts = select(AuditEntry).where(
        AuditEntry.subject.in_(subjects), AuditEntry.act.in_(("user.invite", "account.name"))
    )
    entries = db.session.scalars(acts.order_by(AuditEntry.at, AuditEntry.id)).all()
    names = people_of({"actor": one.actor, "subject": one.subject} for one in entries)
    return {  # the last of each person
        row_of(one.subject, "user") or 0: {
            "renamed": one.act == "account.name",
            "by": names.get(one.actor, one.actor),
            "at": one.at,
        }
        for one in entries
    }
