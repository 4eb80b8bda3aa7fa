"""Contributions of teams, members, units, days or organisations to a campaign."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import bindparam, text

from backend.accounts.access import Actor
from backend.coverage.contributions import (
    models,  # noqa: F401 # part of the metadata
    needed,
)
from backend.coverage.contributions.figures import LAST, Figures, Key, Page, bounded, figures, total
from backend.coverage.contributions.query import (
    CampaignAccess,
    ContributionQuery,
    build_query,
    campaign_access,
)
from backend.database.extensions import db
from backend.http.paging import decode_cursor, encode_cursor
from backend.i18n.catalogues import N_, NP_, Language, gettext
from backend.units.service import set_on

# Keys are at most PostgreSQL's `bigint`.
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
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], language: Language
) -> dict[str, Any]:
    """Return a page of contributions, row by row, and their total."""
    access = campaign_access(actor, campaign_id)
    query = build_query(access, parameters["by"], parameters)
    targets = needed.refresh(query.months)
    most = None if parameters["format"] != "json" else parameters["limit"]
    after = decode_cursor(parameters["cursor"], _key_part, _key_part)
    page = bounded(query, Page((after[0], after[1]) if after else Page().after, most))
    found = figures(query, targets, replace(page, most=None if most is None else most + 1))
    keys = list(found)[:most]
    last = keys[-1] if len(found) > len(keys) else page.upto
    return {
        **describe(access, query),
        "items": rows(query, {key: found[key] for key in keys}, language),
        "total": total(query, targets).serialize(),
        "next_cursor": None if last == LAST else encode_cursor(*last),
    }


def describe(access: CampaignAccess, query: ContributionQuery) -> dict[str, Any]:
    """Return the campaign, grouping, days and boundaries of figures."""
    active = set_on(query.last)
    return {
        "campaign": {"id": access.campaign.id, "name": access.campaign.name},
        "by": query.by,
        "first_day": query.first,
        "last_day": query.last,
        "networks": list(query.networks),
        "boundaries": active.serialize() if active else None,
        "demo": access.campaign.demo,
    }


def rows(
    query: ContributionQuery, found: Mapping[Key, Figures], language: Language
) -> list[dict[str, Any]]:
    """Serialize figures with the id and name of each row."""
    names = _names(query.by, [_subject(query.by, key) for key in found], language)
    teams = _names("team", [team for team, _ in found], language) if query.by == "member" else {}
    return [
        {
            **names[_subject(query.by, key)],
            "team": teams[key[0]]["name"] if query.by == "member" else None,
            **one.serialize(),
        }
        for key, one in found.items()
    ]


def _subject(by: str, key: Key) -> int:
    return key[0] if by == "team" else key[1]


def _names(by: str, ids: Iterable[int], language: Language) -> dict[int, dict[str, Any]]:
    """Return the id and name of each row; members without a name are numbered."""
    listed = sorted(set(ids))
    if by == "day":
        days = {one: date.fromordinal(one).isoformat() for one in listed}
        return {one: {"id": day, "name": day} for one, day in days.items()}
    statement = text(NAMES[by]).bindparams(bindparam("ids", listed))
    stored = {row.id: row for row in db.session.execute(statement)}
    names = {}
    for one in listed:
        row = stored.get(one)
        name = row.name if row else None
        if name is None:
            name = gettext(UNKNOWN[by] if one == 0 else MEMBER, language).format(n=one)
        names[one] = {"id": str(row.code) if row else None, "name": name}
    return names


def _key_part(value: Any) -> int:
    if type(value) is not int or abs(value) >= KEY_MOST:
        raise ValueError
    return value
