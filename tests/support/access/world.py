"""Objects of the access matrix: organisations, teams, a campaign, and the actor of a request."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts import passwords
from backend.accounts.authentication import COOKIE, csrf_token
from backend.accounts.models import PersonalToken, Session, User
from backend.accounts.sessions import secret_hash
from backend.database.extensions import db
from tests.support import people
from tests.support.factories import post, register, sample

PASSWORD = "một mật khẩu dài"


@cache
def hashed_password() -> str:
    """Return the hash of PASSWORD, computed once: hashing is slow by design."""
    return passwords.hash_password(PASSWORD)


@dataclass
class World:
    """Two organisations, two teams and a campaign of the first, and the actor."""

    app: Flask
    client: FlaskClient
    actor: str
    headers: dict[str, str] = field(init=False)
    by_session: bool = True  # use a session where a row needs one
    codes: dict[int, str] = field(default_factory=dict)  # by team
    parts: set[tuple[int, int]] = field(default_factory=set)  # campaigns with their teams
    memberships: dict[str, int] = field(default_factory=dict)  # by token of a device
    samples: dict[str, str] = field(default_factory=dict)  # by token of a device

    def __post_init__(self) -> None:
        self.act_as(self.actor)

    def act_as(self, actor: str) -> None:
        """Change the actor to a new person of a role."""
        self.actor, self.headers = actor, self.headers_of(actor)

    @cached_property
    def organisation(self) -> int:
        """The organisation of teams and campaigns."""
        return people.organisation(self.app, "Tỉnh Đoàn Thái Nguyên")

    @cached_property
    def elsewhere(self) -> int:
        """Another organisation."""
        return people.organisation(self.app, "Sở KH&CN")

    @cached_property
    def team(self) -> int:
        """The team of the leader."""
        return people.team(self.app, self.organisation, "Đội 1")

    @cached_property
    def other_team(self) -> int:
        """Another team of the same organisation."""
        return people.team(self.app, self.organisation, "Đội 2")

    @cached_property
    def province(self) -> int:
        """The province of the official and of campaigns."""
        return people.unit_id(self.app, "19", level="province")

    @cached_property
    def hanoi(self) -> int:
        """The province of the other official."""
        return people.unit_id(self.app, "01", level="province")

    @cached_property
    def campaign(self) -> int:
        """An open campaign."""
        return people.campaign(self.app, self.organisation, self.province)

    @cached_property
    def draft(self) -> int:
        """A draft of a campaign."""
        return people.campaign(self.app, self.organisation, self.province, state="draft")

    @cached_property
    def stranger(self) -> dict[str, str]:
        """A device that is not the actor."""
        return register(self.client)

    @cached_property
    def admin(self) -> dict[str, str]:
        """Headers of an admin who prepares objects of requests."""
        return self.headers_of("admin")

    def headers_of(self, actor: str, **changes: Any) -> dict[str, str]:
        """Return headers of an actor of the matrix."""
        if actor == "nobody":
            return {}
        if actor == "device":
            return register(self.client)
        if actor == "person":
            return people.person(self.app, **changes)
        roles: dict[str, Callable[[], tuple[str, int | None]]] = {
            "team leader": lambda: ("team_leader", self.team),
            "organiser": lambda: ("organiser", self.organisation),
            "other organiser": lambda: ("organiser", self.elsewhere),
            "official": lambda: ("official", self.province),
            "other official": lambda: ("official", self.hanoi),
            "observer": lambda: ("observer", None),
            "admin": lambda: ("admin", None),
        }
        role, scope = roles[actor]()
        return people.person(self.app, role, scope, **changes)

    def device(self) -> dict[str, str]:
        """Return headers of the actor's device, else of another one."""
        return self.headers if self.actor == "device" else self.stranger

    def measured(self, headers: dict[str, str]) -> str:
        """Post a sample of a device once; return its id."""
        token = headers["Authorization"]
        if token not in self.samples:
            body = sample()
            post(self.client, headers, body)
            self.samples[token] = str(body["id"])
        return self.samples[token]

    def take_part(self, campaign: int, team: int) -> int:
        """Give a team a code in a campaign once; return the team."""
        if (campaign, team) not in self.parts and not (
            campaign == self.campaign and team in self.codes
        ):
            people.take_part(self.app, campaign, team)
            self.parts.add((campaign, team))
        return team

    def code(self, team: int) -> str:
        """Return the join code of a team in the open campaign, created once."""
        self.app.config["OPERATOR_NAME"] = "Sở KH&CN"  # without it no poster is printed
        if team not in self.codes:
            url = f"/api/v1/campaigns/{self.campaign}/teams/{team}/join-code"
            made = self.client.post(url, json={}, headers=self.admin)
            assert made.status_code == 201, made.text
            self.codes[team] = str(made.json["code"])
        return self.codes[team]

    def joined(self, headers: dict[str, str]) -> int:
        """Let a device join the team once; return the membership's id."""
        token = headers["Authorization"]
        if token not in self.memberships:
            code = {"code": self.code(self.team)}
            made = self.client.post("/api/v1/memberships", json=code, headers=headers)
            assert made.status_code == 201, made.text
            self.memberships[token] = int(made.json["id"])
        return self.memberships[token]

    def shown_pass(self) -> str:
        """Return the code with which the actor's device takes another's place."""
        host = register(self.client)
        self.joined(host)
        made = self.client.post("/api/v1/passes", json={"kind": "move"}, headers=host)
        return str(made.json["code"])

    def user_of(self, headers: dict[str, str]) -> User | None:
        """Return the owner of the token in headers."""
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        with self.app.app_context():
            query = (
                select(User)
                .join(PersonalToken)
                .where(PersonalToken.token_hash == secret_hash(token))
            )
            return db.session.scalar(query)

    def page_headers(self) -> dict[str, str]:
        """Return headers of the actor's session, as a page sends them."""
        user = self.user_of(self.headers)
        if user is None:
            return self.headers
        secret, now = secrets.token_urlsafe(32), self.app.extensions["clock"]()
        with self.app.app_context():
            db.session.add(
                Session(
                    token_hash=secret_hash(secret),
                    user_id=user.id,
                    created_at=now,
                    seen_at=now,
                    proved_at=now,
                )
            )
            db.session.get_one(User, user.id).password_hash = hashed_password()
            db.session.commit()
            return {"Cookie": f"{COOKIE}={secret}", "X-CSRF-Token": csrf_token(secret)}

    def place(self, name: str) -> Any:
        """Return the default value of a path parameter."""
        if name == "code":
            return "05443"
        return getattr(self, name.removesuffix("_id"))
