"""The page that invites many officials: its list, its outcome, messages and mails."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypedDict

from backend.accounts.access import Actor
from backend.accounts.links import mail_links
from backend.errors import invalid
from backend.i18n.catalogues import Language
from backend.official_import.lines import OFFICIAL_LIST, read_text
from backend.official_import.service import (
    ImportedOfficials,
    InvitedOfficial,
    invite_officials,
    official_message,
    officials_within,
)
from backend.web.admin.schemas import OfficialsForm
from backend.web.site.unit_fields import read_unit

# Columns of the text with all links, for a spreadsheet or a mail merge.
HEADS = ("Địa bàn", "Họ và tên", "Liên hệ", "Đường dẫn (dùng một lần)")


class HandedOut(TypedDict):
    """The link of an invited official, to be handed over."""

    contact: str
    name: str | None
    units: tuple[str, ...]  # names
    link: str
    message: str  # the text to send, with the link
    mailed: bool


class ProvinceOfficials(TypedDict):
    """The officials of a province: numbers of communes, and those without one."""

    code: str
    label: str
    name: str
    units: int  # communes
    with_official: int
    accepted: int  # communes of which an official has accepted
    without: list[str]  # names of communes


def submit_list(
    actor: Actor, fields: OfficialsForm, text: str, now: datetime, day: date, language: Language
) -> ImportedOfficials:
    """Check a list, and invite its people if that was asked; 422 for an empty one."""
    home = read_unit(fields, "home", day, level="province")
    lines = read_text(text)
    if not any(one.contact for one in lines):
        raise invalid("officials", "no_officials")
    return invite_officials(
        actor,
        lines,
        home.id if home else None,
        now,
        language,
        dry_run=fields["go"] != "yes",
        renew=fields["renew"] == "yes",
        known=fields["known"],
        first_row=OFFICIAL_LIST.first_row(text),
    )


def hand_out(
    invited: Sequence[InvitedOfficial], base: str, settings: Mapping[str, Any], *, mailing: bool
) -> list[HandedOut]:
    """Return the links with their messages; mail them where that was asked."""
    links = [one.link for one in invited]
    mailed = mail_links(links, base, settings) if mailing else frozenset()
    signed = ", ".join(filter(None, (settings["OPERATOR_NAME"], settings["OPERATOR_CONTACT"])))
    handed = []
    for one in invited:
        link, sent = one.link.serialize(base)["link"], one.link.user_id in mailed
        text = official_message(one.name, one.units, link, one.link.expires_at, signed)
        handed.append(
            HandedOut(
                contact=one.contact,
                name=one.name,
                units=one.units,
                link=link,
                message=text,
                mailed=sent,
            )
        )
    return handed


def as_table(handed: Sequence[HandedOut]) -> str:
    """Return the links as rows with tabs, to paste into a spreadsheet."""
    rows = [
        ("; ".join(one["units"]), one["name"] or "", one["contact"], one["link"]) for one in handed
    ]
    return "\n".join("\t".join(row) for row in (HEADS, *rows))


def province_officials(actor: Actor, home: int, now: datetime) -> ProvinceOfficials:
    """Return how many communes of a province have an official, and the names of the others."""
    found = officials_within(actor, home, now)
    province, communes = found[0][0], found[1:]
    having = [people for _, people in communes if people]
    accepted = sum(any(person["accepted"] for person in people) for people in having)
    without = [unit.name for unit, people in communes if not people]
    return {
        "code": province.code,
        "label": province.label,
        "name": province.name,
        "units": len(communes),
        "with_official": len(having),
        "accepted": accepted,
        "without": without,
    }
