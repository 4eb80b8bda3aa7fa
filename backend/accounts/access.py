"""Authorization: a pure function of roles and scopes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from backend.errors import Problem

Kind = Literal["system", "organisation", "team", "unit", "cluster"]


@dataclass(frozen=True, slots=True)
class Grant:
    """A role over one thing; `id` is None for the whole system."""

    role: str  # team_leader, organiser, official, observer, admin
    kind: Kind
    id: int | None = None
    deputy: bool = False  # delegated by the official of the area


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller: anonymous, a device, or a person with grants."""

    user_id: int | None = None
    device_id: UUID | None = None
    grants: tuple[Grant, ...] = ()
    may_write: bool = True  # false for a token of scope read
    address: str | None = None
    session: bytes | None = None  # hash of the session's secret, if any
    proved_at: datetime | None = None  # when the session's person last gave password or code
    totp_needed: bool = False  # a role has no effect before a second factor is set up
    shell: str | None = None  # the name of the person who runs a command on the server

    @property
    def signed_in(self) -> bool:
        return self.user_id is not None

    @property
    def name(self) -> str:
        """The name in the audit log: the id, which stays when an account is closed."""
        return f"user:{self.user_id}" if self.signed_in else self.shell or "public"

    def ids(self, role: str, kind: Kind | None = None) -> frozenset[int]:
        """Return the ids of the things over which the person has a role."""
        grants = [g for g in self.grants if g.role == role and kind in (None, g.kind)]
        return frozenset(grant.id for grant in grants if grant.id is not None)


PUBLIC = Actor()
# Long enough to set up a campaign with its teams after signing in; a computer left alone for
# longer, or a copied session, makes nothing that outlasts it.
RECENT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Scope:
    """A thing and those above it; a role over any of these applies to it."""

    teams: frozenset[int] = frozenset()
    organisations: frozenset[int] = frozenset()
    units: frozenset[int] = frozenset()
    clusters: frozenset[int] = frozenset()  # of communes


SYSTEM = Scope()

# Roles that may do an act within their scope; admins may do every act everywhere.
ACTS: dict[str, frozenset[str]] = {
    "audit.read": frozenset(),
    "system.manage": frozenset(),  # health, boundary sets and jobs of the installation
    "users.manage": frozenset(),
    "privacy.manage": frozenset(),  # withdrawals by letter and their deadlines
    "organisation.create": frozenset(),
    "organisation.edit": frozenset({"organiser"}),
    "team.edit": frozenset({"organiser"}),
    "team.correct": frozenset({"organiser", "team_leader"}),  # its place, capacity, wrong members
    "team.see": frozenset({"organiser", "team_leader"}),  # its members, codes and figures
    "campaign.edit": frozenset({"organiser"}),
    "campaign.see": frozenset({"organiser"}),  # drafts, and the contributions of teams
    "campaign.correct": frozenset({"organiser"}),
    "target.edit": frozenset(),
    "cluster.edit": frozenset(),  # lists of communes, over which officials have roles
    "unit.signals": frozenset({"official"}),
    "unit.samples": frozenset({"official"}),  # single samples with their verdicts
    "unit.cells": frozenset({"official"}),  # cells of few devices too
    "unit.delegate": frozenset({"official"}),
    "unit.contacts": frozenset({"official"}),  # personal data: the people of a unit's office
    "unit.figures": frozenset({"official", "observer"}),  # before they are published
    "unit.exclude": frozenset({"official"}),  # the scope is the province
    "vnnic.import": frozenset({"official"}),  # VNNIC's counts of the area
    "vnnic.steer": frozenset({"official"}),  # whose count steers; the scope is the province
    # Activities in the area, of the campaign, of the team; who entered one changes it.
    "outreach.see": frozenset({"official", "organiser", "team_leader"}),
    "outreach.edit": frozenset({"official", "organiser", "team_leader"}),
    # Hamlets, places without coverage and their evidence; the scope is the province.
    "places.see": frozenset({"official"}),
    "places.edit": frozenset({"official"}),
    # Before publication, and with its letterhead.
    "report.read": frozenset({"official", "observer"}),
    "report.edit": frozenset({"official"}),
    "report.approve": frozenset({"official"}),
}
READS = frozenset(
    {
        "audit.read",
        "team.see",
        "campaign.see",
        "unit.signals",
        "unit.samples",
        "unit.cells",
        "unit.figures",
        "outreach.see",
        "places.see",
        "report.read",
    }
)
# Acts of the official alone: a deputy does not delegate further.
OWN_ALONE = frozenset({"unit.delegate"})
# Communes and provinces write letters: a role over a cluster of communes covers none of these.
OF_UNITS_ALONE = frozenset({"report.read", "report.edit", "report.approve"})


def can(actor: Actor, act: str, scope: Scope = SYSTEM) -> bool:
    """Return whether an actor may do an act in a scope."""
    roles = ACTS[act]
    if not actor.may_write and act not in READS:
        return False
    return any(
        grant.role == "admin" or (grant.role in roles and _covers(grant, scope))
        for grant in actor.grants
        if not (grant.deputy and act in OWN_ALONE)
        and not (grant.kind == "cluster" and act in OF_UNITS_ALONE)
    )


def require(actor: Actor, act: str, scope: Scope = SYSTEM, *, hidden: bool = False) -> None:
    """Raise unless the actor may do the act: 401 if anonymous, 404 if hidden, else 403."""
    if can(actor, act, scope):
        return
    if actor.totp_needed:
        raise Problem(403, "totp_needed")
    if hidden:
        raise Problem(404, "not_found")
    if not actor.signed_in:
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    raise Problem(403, "forbidden")


def require_person(actor: Actor, *, write: bool = False) -> int:
    """Return the person's id; 401 if anonymous, 403 for a change with a read-only token."""
    if actor.user_id is None:
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    if write and not actor.may_write:
        raise Problem(403, "forbidden")
    return actor.user_id


def require_session(actor: Actor) -> int:
    """Return the person's id; 403 without a session: no token changes how one signs in."""
    user_id = require_person(actor, write=True)
    if actor.session is None:
        raise Problem(403, "session_required")
    return user_id


def require_recent(actor: Actor, now: datetime) -> None:
    """Raise 403 for a session whose person gave no password or code in the last 15 minutes.

    For acts that outlast the session: deputies, roles, areas, links, tokens, webhooks, join codes.
    A program's token passes: it was made with the password, and ends with a new one.
    """
    if actor.session is not None and not proved_lately(actor, now):
        raise Problem(403, "password_needed")


def proved_lately(actor: Actor, now: datetime) -> bool:
    """Return whether a session's person gave password or code in the last 15 minutes."""
    return actor.proved_at is not None and actor.proved_at > now - RECENT


def _covers(grant: Grant, scope: Scope) -> bool:
    if grant.kind == "system":
        return True
    things = {
        "team": scope.teams,
        "organisation": scope.organisations,
        "unit": scope.units,
        "cluster": scope.clusters,
    }
    return grant.id is not None and grant.id in things.get(grant.kind, frozenset())
