"""Who may do what: the one place that decides, a pure function of roles and scopes."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from backend.errors import Problem

Kind = Literal["system", "organisation", "team", "unit", "cluster"]


@dataclass(frozen=True, slots=True)
class Grant:
    """A role over one thing; `id` is None for the whole system."""

    role: str  # team_leader, organiser, official, admin
    kind: Kind
    id: int | None = None
    deputy: bool = False  # delegated by whose area it is


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: nobody, a device, or a person with what they were granted."""

    user_id: int | None = None
    device_id: UUID | None = None
    grants: tuple[Grant, ...] = ()
    may_write: bool = True  # a program's token may be for reading only
    address: str | None = None
    session: bytes | None = None  # the hash of their session's secret, where they came by one

    @property
    def signed_in(self) -> bool:
        return self.user_id is not None

    @property
    def name(self) -> str:
        """What the audit log calls them: people by number, so that a closed account stays one."""
        return f"user:{self.user_id}" if self.signed_in else "public"

    def ids(self, role: str, kind: Kind | None = None) -> frozenset[int]:
        """Over which things, of one kind where told, a person has a role."""
        held = [g for g in self.grants if g.role == role and kind in (None, g.kind)]
        return frozenset(grant.id for grant in held if grant.id is not None)


PUBLIC = Actor()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a thing lies: itself and what is above it. A role over any of these reaches it."""

    teams: frozenset[int] = frozenset()
    organisations: frozenset[int] = frozenset()
    units: frozenset[int] = frozenset()
    clusters: frozenset[int] = frozenset()  # of communes


SYSTEM = Scope()

# act: the roles that may do it within their scope. An admin may do all of them, everywhere.
ACTS: dict[str, frozenset[str]] = {
    "audit.read": frozenset(),
    "system.manage": frozenset(),  # the installation itself: its health, sets and long work
    "users.manage": frozenset(),
    "privacy.manage": frozenset(),  # who withdrew by letter, and when it has to be answered
    "organisation.create": frozenset(),
    "cluster.edit": frozenset({"organiser"}),
    "organisation.edit": frozenset({"organiser"}),
    "team.edit": frozenset({"organiser"}),
    "team.see": frozenset({"organiser", "team_leader"}),  # its members, codes and figures
    "campaign.edit": frozenset({"organiser"}),
    "campaign.see": frozenset({"organiser"}),  # drafts, and what each team contributed
    "campaign.correct": frozenset({"organiser"}),
    "target.edit": frozenset(),
    "unit.signals": frozenset({"official"}),
    "unit.samples": frozenset({"official"}),  # one by one, with what became of them
    "unit.cells": frozenset({"official"}),  # those of few devices too
    "unit.delegate": frozenset({"official"}),
    "unit.figures": frozenset({"official"}),  # before they are published
    "unit.exclude": frozenset({"official"}),  # of the province alone: its scope says so
    "vnnic.import": frozenset({"official"}),  # VNNIC's own counts of the area
    "report.read": frozenset({"official"}),  # before all may, and with its letterhead
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
        "report.read",
    }
)
# Not by a deputy: whom an area is lent to does not lend it further.
OWN_ALONE = frozenset({"unit.delegate"})


def can(actor: Actor, act: str, scope: Scope = SYSTEM) -> bool:
    """Whether an actor may do an act on what lies in a scope."""
    roles = ACTS[act]
    if not actor.may_write and act not in READS:
        return False
    return any(
        grant.role == "admin" or (grant.role in roles and _covers(grant, scope))
        for grant in actor.grants
        if not (grant.deputy and act in OWN_ALONE)
    )


def require(actor: Actor, act: str, scope: Scope = SYSTEM, *, hidden: bool = False) -> None:
    """Refuse what `can` does not allow: 401 to nobody, 404 for what is hidden, else 403."""
    if can(actor, act, scope):
        return
    if hidden:
        raise Problem(404, "not_found")
    if not actor.signed_in:
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    raise Problem(403, "forbidden")


def require_person(actor: Actor, *, write: bool = False) -> int:
    """The number of a person about whose own account it is; 401 to nobody, 403 to a reader."""
    if actor.user_id is None:
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    if write and not actor.may_write:
        raise Problem(403, "forbidden")
    return actor.user_id


def require_session(actor: Actor) -> int:
    """As `require_person`, for what a program never does for one: passwords, the second factor."""
    user_id = require_person(actor, write=True)
    if actor.session is None:
        raise Problem(403, "session_required")
    return user_id


def _covers(grant: Grant, scope: Scope) -> bool:
    things = {
        "team": scope.teams,
        "organisation": scope.organisations,
        "unit": scope.units,
        "cluster": scope.clusters,
    }
    return grant.id is not None and grant.id in things.get(grant.kind, frozenset())
