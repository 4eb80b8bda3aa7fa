"""What each team, member, unit, day or organisation contributed to a campaign."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import bindparam, text

from backend.accounts.access import Actor
from backend.coverage.contributions import (
    needed,
    tables,  # noqa: F401 # part of the metadata
)
from backend.coverage.contributions.figures import LAST, Figures, Key, Page, bounded, figures, total
from backend.coverage.contributions.query import Seen, ask, see
from backend.coverage.contributions.sources import Asked
from backend.database.extensions import db
from backend.http.paging import decode_cursor, encode_cursor
from backend.i18n.catalogues import N_, NP_, gettext
from backend.i18n.languages import Language
from backend.units.service import set_on

# Beyond what PostgreSQL's bigint holds, nothing has a key.
KEY_MOST = 2**63

NAMES = {
    "team": "select id, name, id as code from teams where id = any(:ids)",
    "unit": "select id, name, code from units where id = any(:ids)",
    "organisation": "select id, name, id as code from organisations where id = any(:ids)",
    "member": "select id, display_name as name, id as code from volunteers where id = any(:ids)",
}
MEMBER = N_("Member {n}")
UNKNOWN = {"member": N_("Unknown volunteer"), "unit": NP_("unit", "Commune unknown")}


def contributions(
    actor: Actor, campaign_id: int, query: Mapping[str, Any], language: Language
) -> dict[str, Any]:
    """Show what was contributed, row by row, and the whole of it."""
    seen = see(actor, campaign_id)
    asked = ask(seen, query["by"], query)
    targets = needed.refresh(asked.months)
    most = None if query["format"] != "json" else query["limit"]
    after = decode_cursor(query["cursor"], _key_part, _key_part)
    page = bounded(asked, Page((after[0], after[1]) if after else Page().after, most))
    found = figures(asked, targets, replace(page, most=None if most is None else most + 1))
    keys = list(found)[:most]
    last = keys[-1] if len(found) > len(keys) else page.upto
    return {
        **described(seen, asked),
        "items": rows(asked, {key: found[key] for key in keys}, language),
        "total": total(asked, targets).told(),
        "next_cursor": None if last == LAST else encode_cursor(*last),
    }


def described(seen: Seen, asked: Asked) -> dict[str, Any]:
    """What the figures are about, and on which boundaries they rest."""
    active = set_on(asked.last)
    return {
        "campaign": {"id": seen.campaign.id, "name": seen.campaign.name},
        "by": asked.by,
        "first_day": asked.first,
        "last_day": asked.last,
        "networks": list(asked.networks),
        "boundaries": active.described() if active else None,
        "demo": seen.campaign.demo,
    }


def rows(asked: Asked, found: Mapping[Key, Figures], language: Language) -> list[dict[str, Any]]:
    """Figures with what each is about, named."""
    names = _names(asked.by, [_about(asked.by, key) for key in found], language)
    teams = _names("team", [team for team, _ in found], language) if asked.by == "member" else {}
    return [
        {
            **names[_about(asked.by, key)],
            "team": teams[key[0]]["name"] if asked.by == "member" else None,
            **one.told(),
        }
        for key, one in found.items()
    ]


def _about(by: str, key: Key) -> int:
    return key[0] if by == "team" else key[1]


def _names(by: str, ids: Iterable[int], language: Language) -> dict[int, dict[str, Any]]:
    """The id and name of each; members by the name they chose, else by number."""
    listed = sorted(set(ids))
    if by == "day":
        days = {one: date.fromordinal(one).isoformat() for one in listed}
        return {one: {"id": day, "name": day} for one, day in days.items()}
    asked = text(NAMES[by]).bindparams(bindparam("ids", listed))
    known = {row.id: row for row in db.session.execute(asked)}
    names = {}
    for one in listed:
        row = known.get(one)
        name = row.name if row else None
        if name is None:
            name = gettext(UNKNOWN[by] if one == 0 else MEMBER, language).format(n=one)
        names[one] = {"id": str(row.code) if row else None, "name": name}
    return names


def _key_part(value: Any) -> int:
    if type(value) is not int or abs(value) >= KEY_MOST:
        raise ValueError
    return value
