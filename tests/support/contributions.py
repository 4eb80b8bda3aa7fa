"""Credited measurements for tests of contributions: rows with their deltas, and a recount."""

import uuid
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import delete, insert, select, text, update

from backend.clock import local_day
from backend.database.extensions import db
from backend.measurements.recording.models import CountDelta, Earning, Measurement, TeamDelta
from backend.memberships.models import Volunteer

NOON = datetime(2024, 11, 5, 5, 0, tzinfo=UTC)


def volunteers(app: Flask, *names: str | None) -> list[int]:
    """Create volunteers, with or without a name; return their ids."""
    with app.app_context():
        made = [Volunteer(display_name=name) for name in names]
        db.session.add_all(made)
        db.session.commit()
        return [one.id for one in made]


def add_measurement(
    campaign: int, team: int | None, at: datetime = NOON, unit: int | None = None, **more: Any
) -> uuid.UUID:
    """Add a measurement, its earning if it has a team, and their deltas, in an app's context."""
    fate, network = more.get("fate", "counted"), more.get("network", "mobile")
    official = "counted" if fate in ("over_cap", "excluded_in_campaign") else fate
    made = more.get("id") or uuid.uuid4()
    row = {
        "id": made, "measured_at": at, "day": local_day(at), "network": network, "kind": network,
        "source": "app", "status": "finished", "unit_id": unit, "own_reasons": [],
        "reasons": [] if official == "counted" else [official], "marks": [], "valid": True,
        "counted": official == "counted", "rules": 1, "device_id": more.get("device"),
    }  # fmt: skip
    db.session.execute(insert(Measurement), [row])
    _count(row, official, 1)
    if team is not None:
        earned = {
            "campaign_id": campaign, "team_id": team, "volunteer_id": more.get("volunteer"),
            "guest": more.get("guest", False), "fate": fate, "unit_id": unit,
            "day": row["day"], "network": network,
        }  # fmt: skip
        db.session.execute(insert(Earning), [{**earned, "measurement_id": made, "rules": 1}])
        db.session.execute(insert(TeamDelta), [{**earned, "n": 1}])
    return made


def change_verdict(one: uuid.UUID, fate: str) -> None:
    """Change the verdict of a measurement and of its earnings."""
    row = dict(db.session.execute(select(Measurement.__table__).where(_is(one))).mappings().one())
    _count(row, row["reasons"][0] if row["reasons"] else "counted", -1)
    reasons = [] if fate == "counted" else [fate]
    changed = {"reasons": reasons, "counted": not reasons}
    db.session.execute(update(Measurement).where(_is(one)).values(**changed))
    _count(row, fate, 1)
    _earning(one, fate=fate)


def change_team(one: uuid.UUID, team: int) -> None:
    """Credit a measurement to another team."""
    _earning(one, team_id=team)


def _is(one: uuid.UUID) -> Any:
    return Measurement.id == one


def _count(row: dict[str, Any], fate: str, n: int) -> None:
    key = {name: row[name] for name in ("unit_id", "day", "network")}
    db.session.execute(insert(CountDelta), [{**key, "fate": fate, "n": n}])


def _earning(one: uuid.UUID, **changes: Any) -> None:
    removed = delete(Earning).where(Earning.measurement_id == one).returning(*Earning.__table__.c)
    for row in [dict(found) for found in db.session.execute(removed).mappings()]:
        names = set(TeamDelta.__table__.c.keys()) - {"id", "n"}
        for earned, n in ((row, -1), ({**row, **changes}, 1)):
            key = {name: earned[name] for name in names}
            db.session.execute(insert(TeamDelta), [{**key, "n": n}])
        db.session.execute(insert(Earning), [{**row, **changes}])


def needed_by_ranking(target: int) -> Counter[tuple[int, int, int, int | None, date]]:
    """Count needed samples by campaign, team, unit, volunteer and day, by ranking all samples."""
    counted = db.session.execute(
        text("""select id, unit_id, network, day, measured_at from measurements
                where counted and unit_id is not null order by measured_at, id""")
    )
    ranked: dict[Any, list[uuid.UUID]] = defaultdict(list)
    for row in counted:
        ranked[row.unit_id, row.network, f"{row.day:%Y-%m}"].append(row.id)
    first = {one for ids in ranked.values() for one in ids[:target]}
    earned = db.session.execute(select(Earning.__table__).where(Earning.fate == "counted"))
    return Counter(
        (e.campaign_id, e.team_id, e.unit_id, e.volunteer_id, e.day)
        for e in earned
        if e.measurement_id in first
    )


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)
