"""Sign in at the operator's provider, link its accounts and unlink them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import exists, select

from backend.accounts import sessions, users
from backend.accounts.access import Actor, require_person, require_session
from backend.accounts.audit import record_act
from backend.accounts.login_names import normalize
from backend.accounts.models import OfficeIdentity, User
from backend.accounts.own_account import require_password
from backend.accounts.rate_limits import count_attempt
from backend.accounts.sessions import SIGN_INS_PER_ADDRESS, SignInContext
from backend.accounts.users import NewRole
from backend.database.extensions import db
from backend.database.locks import hold_account
from backend.errors import Problem
from backend.fields import Json
from backend.i18n.catalogues import Language
from backend.oidc.roles import end_all, find_roles, synchronise
from backend.oidc.rules import Rule, RuleError, absent_claims, matching, read_rules, subject_of
from backend.oidc.transactions import LIFETIME, MAX_PATH, PendingSignIn, new_transaction
from backend.organisations.names import normalised

if TYPE_CHECKING:
    from backend.oidc.provider import Provider

MAX_DISPLAY_NAME = 100
MAX_LOGGED = 100  # characters of an error that a browser brings back
# Errors that a provider answers with (RFC 6749, 4.1.2.1), where they need words of their own.
REFUSALS = {
    "access_denied": "oidc_cancelled",
    "server_error": "oidc_away",
    "temporarily_unavailable": "oidc_away",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The end of a sign-in: the secret of a session, or what waits for a second factor."""

    secret: str | None = None
    pending: PendingSignIn | None = None


def begin_sign_in(
    provider: "Provider",
    context: SignInContext,
    redirect_uri: str,
    path: str | None,
    lang: Language | None,
) -> tuple[str, PendingSignIn]:
    """Return the address at the provider to go to, and what the browser keeps meanwhile."""
    _count_attempt(context)
    return _begin(provider, context, redirect_uri, PendingSignIn(0, path, lang))


def begin_linking(
    provider: "Provider", actor: Actor, password: str, context: SignInContext, redirect_uri: str
) -> tuple[str, PendingSignIn]:
    """Begin to link the person of the session with an account at the provider."""
    user = require_password("password", actor, password, context.now)
    own = (OfficeIdentity.user_id == user.id, OfficeIdentity.issuer == provider.issuer)
    if db.session.scalar(select(exists().where(*own))):
        raise Problem(409, "oidc_linked")
    pending = PendingSignIn(0, link_to=(user.id, _session_mark(actor)))
    db.session.commit()
    return _begin(provider, context, redirect_uri, pending)


def finish(
    provider: "Provider",
    pending: PendingSignIn,
    answer: Mapping[str, str],
    actor: Actor,
    context: SignInContext,
    rules_file: Path | None,
) -> SignedIn:
    """Sign a person in, or link them, by the answer that the provider gave to their browser.

    An account without an identity is never found by its name or e-mail address.
    """
    _count_attempt(context)
    if pending.link_to and pending.link_to != (actor.user_id, _session_mark(actor)):
        raise Problem(401, "oidc_expired")  # signed out meanwhile, or another person
    try:
        rules = read_rules(rules_file)
    except RuleError as error:
        # Without its rules a sign-in would end every role that they gave.
        log.error("rules of sign-in cannot be read", error=str(error))
        raise Problem(503, "oidc_away") from error
    claims = _claims(provider, pending, answer, rules, context.now)
    hold_account(provider.issuer, subject_of(claims))
    roles = find_roles(matching(rules, claims), context.now)
    if pending.link_to:
        _link(provider, actor, claims, roles, context.now)
        return SignedIn()
    if _find(provider.issuer, subject_of(claims)) is None:
        if not roles:
            log.warning("no rule gives a role", absent_claims=absent_claims(rules, claims))
        _add_person(provider, claims, roles, context)
    user, identity = _lock(provider.issuer, subject_of(claims))
    identity.signed_in_at = context.now
    synchronise(Actor(user_id=user.id, address=context.address), user.id, roles, context.now)
    if user.totp_secret:
        until = (context.now + LIFETIME).timestamp()
        waiting = PendingSignIn(
            until, pending.path, pending.lang, user_id=user.id, identity_id=identity.id
        )
        db.session.commit()
        return SignedIn(pending=waiting)
    secret = sessions.begin_session(user.id, context, identity.id)
    db.session.commit()
    return SignedIn(secret)


def finish_code(pending: PendingSignIn, code: str, context: SignInContext) -> str:
    """Begin the session of a person whom the provider named, by the code of the second factor."""
    row = select(User.id, User.totp_secret).where(User.id == pending.user_id)
    person = db.session.execute(row.where(User.closed_at.is_(None))).first()
    if person is None:
        raise Problem(401, "oidc_expired")
    if person.totp_secret:
        sessions.check_code(person.id, person.totp_secret, code, context)
    user = users.find(person.id)
    own = (OfficeIdentity.id == pending.identity_id, OfficeIdentity.user_id == user.id)
    identity_id = db.session.scalar(select(OfficeIdentity.id).where(*own))
    if identity_id is None or user.totp_secret != person.totp_secret:  # changed meanwhile
        raise Problem(401, "oidc_expired")
    secret = sessions.begin_session(user.id, context, identity_id)
    db.session.commit()
    return secret


def list_identities(actor: Actor) -> list[OfficeIdentity]:
    """List the accounts at providers with which the person signs in."""
    own = OfficeIdentity.user_id == require_person(actor)
    return list(db.session.scalars(select(OfficeIdentity).where(own).order_by(OfficeIdentity.id)))


def unlink(actor: Actor, identity_id: int, password: str, now: datetime) -> None:
    """Remove an identity with its sessions; roles that rules gave end."""
    user = require_password("password", actor, password, now)
    identity = db.session.get(OfficeIdentity, identity_id)
    if identity is None or identity.user_id != user.id:
        raise Problem(404, "not_found")
    db.session.delete(identity)
    end_all(actor, user.id, now)
    record_act(actor, "identity.unlink", f"user:{user.id}", identity=identity_id)
    db.session.commit()


def _begin(
    provider: "Provider", context: SignInContext, redirect_uri: str, pending: PendingSignIn
) -> tuple[str, PendingSignIn]:
    transaction = new_transaction(redirect_uri)
    if pending.path and len(pending.path) > MAX_PATH:
        pending = replace(pending, path=None)
    until = (context.now + LIFETIME).timestamp()
    url = provider.authorization_url(transaction, pending.lang or "vi")
    return url, replace(pending, until=until, transaction=transaction)


def _count_attempt(context: SignInContext) -> None:
    count_attempt("oidc", context.address, SIGN_INS_PER_ADDRESS, context.now)


def _session_mark(actor: Actor) -> str:
    """Return a text of the session, which is no secret; empty without one."""
    return (actor.session or b"").hex()[:32]


def _claims(
    provider: "Provider",
    pending: PendingSignIn,
    answer: Mapping[str, str],
    rules: Sequence[Rule],
    now: datetime,
) -> dict[str, Json]:
    """Return the claims of the person; 401 for an answer to another sign-in, or a refusal."""
    transaction = pending.transaction
    if transaction is None or answer.get("state") != transaction["state"]:
        raise Problem(401, "oidc_expired")
    if answer.get("iss", provider.issuer).rstrip("/") != provider.issuer.rstrip("/"):
        raise Problem(401, "oidc_invalid")  # RFC 9207: of another provider
    if "error" in answer or not answer.get("code"):
        log.warning("the provider refused a sign-in", answer=answer.get("error", "")[:MAX_LOGGED])
        code = REFUSALS.get(answer.get("error", ""), "oidc_refused")
        raise Problem(503 if code == "oidc_away" else 401, code)
    wanted = frozenset(rule.claim.partition(".")[0] for rule in rules)
    return provider.claims(answer["code"], transaction, wanted, now)


def _find(issuer: str, subject: str) -> OfficeIdentity | None:
    key = (OfficeIdentity.issuer == issuer, OfficeIdentity.subject == subject)
    found: OfficeIdentity | None = db.session.scalar(select(OfficeIdentity).where(*key))
    return found


def _lock(issuer: str, subject: str) -> tuple[User, OfficeIdentity]:
    """Return an identity and its person, who is locked first, as wherever identities change."""
    identity = _find(issuer, subject)
    user = users.find(identity.user_id) if identity else None
    identity = _find(issuer, subject)
    if user is None or identity is None or identity.user_id != user.id:
        raise Problem(401, "oidc_expired")  # unlinked meanwhile
    return user, identity


def _link(
    provider: "Provider", actor: Actor, claims: Mapping[str, Json], roles: Sequence[NewRole],
    now: datetime,
) -> None:  # fmt: skip
    user = users.find(require_session(actor))
    if _find(provider.issuer, subject_of(claims)) is not None:
        raise Problem(409, "oidc_taken")
    own = (OfficeIdentity.user_id == user.id, OfficeIdentity.issuer == provider.issuer)
    if db.session.scalar(select(exists().where(*own))):
        raise Problem(409, "oidc_linked")
    identity = _add_identity(provider, user.id, claims, now)
    record_act(actor, "identity.link", f"user:{user.id}", identity=identity.id)
    synchronise(actor, user.id, roles, now)
    db.session.commit()


def _add_person(
    provider: "Provider",
    claims: Mapping[str, Json],
    roles: Sequence[NewRole],
    context: SignInContext,
) -> None:
    """Add a person for an unknown account with a role; 403 without, 409 where the name is taken."""
    mail = claims.get("email")
    name = normalize(mail) if isinstance(mail, str) and mail.isprintable() else None
    refusal = None
    if name is not None and users.find_by_name(name) is not None:
        refusal = Problem(409, "oidc_name_taken")
    elif not roles:
        refusal = Problem(403, "oidc_no_role")
    if refusal is not None:
        caller = Actor(address=context.address)
        record_act(
            caller, "identity.refuse", "identity", reason=refusal.code, account=subject_of(claims)
        )
        db.session.commit()
        raise refusal
    verified = claims.get("email_verified") is True
    user = User(
        # Anybody may type an address at some providers: unverified it is no name here.
        name=name if verified else None,
        display_name=_display_name(claims),
        created_at=context.now,
        confirmed_at=context.now,
    )
    db.session.add(user)
    db.session.flush()
    identity = _add_identity(provider, user.id, claims, context.now)
    owner = Actor(user_id=user.id, address=context.address)
    record_act(owner, "identity.create", owner.name, identity=identity.id)


def _add_identity(
    provider: "Provider", user_id: int, claims: Mapping[str, Json], now: datetime
) -> OfficeIdentity:
    identity = OfficeIdentity(
        issuer=provider.issuer,
        subject=subject_of(claims),
        user_id=user_id,
        created_at=now,
        signed_in_at=now,
    )
    db.session.add(identity)
    db.session.flush()
    return identity


def _display_name(claims: Mapping[str, Json]) -> str:
    for claim in ("name", "preferred_username", "sub"):
        value = claims.get(claim)
        if isinstance(value, str):
            printable = "".join(c for c in value if c.isprintable())
            if name := normalised(printable)[:MAX_DISPLAY_NAME].strip():
                return name
    return subject_of(claims)
