"""People, their roles, identities, sessions, tokens and one-time links; the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    exists,
    func,
    literal_column,
    or_,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_

# Of an entry of the audit log.
LOCAL_DAY = "((at at time zone 'Asia/Ho_Chi_Minh')::date)"


class AuditEntry(db.Model):
    """A privileged act; append-only, by a trigger and by the grants."""

    __tablename__ = "audit"
    __personal__ = N_("shows who did what, from which address"), N_("not deleted")
    __table_args__ = (
        Index(None, "at"),
        # By time, not id: old entries are found without a scan of newer ones.
        Index(None, "actor", "at"),
        Index(None, "act", "at"),
        Index(None, "subject", "at"),
        # One entry a day for each person, address, kind of personal data and place that was read.
        Index(
            "uq_audit_read", "actor", "act", "subject", "address", literal_column(LOCAL_DAY),
            unique=True, postgresql_where="act like 'read.%'", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    # Not of the begin of the transaction, so that no entry of a past day appears later.
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor: Mapped[str]
    act: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]]
    address: Mapped[str | None]  # null: at the operator's shell


class User(db.Model):
    """A person who signs in with an e-mail address or a telephone number."""

    __tablename__ = "users"
    __personal__ = (
        N_("signs a person in, and names them to those who work with them"),
        N_("until the account is closed"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str | None] = mapped_column(unique=True)  # normalised; null once closed
    display_name: Mapped[str | None]
    password_hash: Mapped[str | None]  # argon2; null until first set, or with an identity alone
    totp_secret: Mapped[str | None]  # encrypted; null: no second factor
    totp_pending: Mapped[str | None]  # encrypted, unconfirmed
    totp_used: Mapped[int | None] = mapped_column(BigInteger)  # last time step: codes serve once
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]
    # When an admin or a provider vouched that the account is the named person's; a name of the
    # person's own choice has to be confirmed again.
    confirmed_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(server_default="false")


class Role(db.Model):
    """A role of a person over one thing, with its period."""

    __tablename__ = "roles"
    __personal__ = N_("says what a person may do"), N_("until the account is closed")
    __table_args__ = (
        CheckConstraint(
            "role in ('team_leader', 'organiser', 'official', 'observer', 'admin')", name="role"
        ),
        CheckConstraint(
            "(scope_id is null) = (role in ('observer', 'admin')) and case role"
            " when 'team_leader' then scope_kind = 'team'"
            " when 'organiser' then scope_kind = 'organisation'"
            " when 'official' then scope_kind in ('unit', 'cluster')"
            " else scope_kind = 'system' end",
            name="scope",
        ),
        CheckConstraint(
            "delegated_by is null or (role = 'official' and valid_to is not null)", name="delegated"
        ),
        Index(None, "delegated_by"),
        Index(None, "user_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str]
    scope_kind: Mapped[str]  # team, organisation, unit, cluster, system
    scope_id: Mapped[int | None]  # the row's id: codes of units were reused
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    # For a deputy: the delegated role of the official, and the reason.
    delegated_by: Mapped[int | None] = mapped_column(ForeignKey("roles.id"))
    reason: Mapped[str | None]
    # The rule of OIDC_RULES that gave the role; null: given by a person.
    rule: Mapped[str | None]
    # Given to an account that nobody has confirmed: without effect until then.
    waits: Mapped[bool] = mapped_column(server_default="false")


class OfficeIdentity(db.Model):
    """An account at the operator's OpenID provider with which a person signs in."""

    __tablename__ = "identities"
    __personal__ = (
        N_("signs a person in with the account of the office"),
        N_("until the account is closed"),
    )
    __table_args__ = (
        Index(None, "issuer", "subject", unique=True),
        Index(None, "user_id", "issuer", unique=True),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]  # the provider's number of the account, which it never gives to another
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime]


# Whether the person has a password or an identity: the account is theirs, and no inviting person
# gets a link to it.
User.accepted = column_property(
    or_(User.password_hash.is_not(None), exists().where(OfficeIdentity.user_id == User.id))
)


class Session(db.Model):
    """A session of a browser; of the cookie's secret only a hash is stored."""

    __tablename__ = "sessions"
    __personal__ = N_("keeps a person signed in"), N_("until it ends")

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    # When the password or a code was last given, or the provider asked.
    proved_at: Mapped[datetime]
    program: Mapped[str | None]  # such as "Chrome, Android"; null: unknown
    # Null: begun with a password.
    identity_id: Mapped[int | None] = mapped_column(
        ForeignKey("identities.id", ondelete="CASCADE"), index=True
    )


class PersonalToken(db.Model):
    """A token of a person's program; of its secret only a hash is stored."""

    __tablename__ = "personal_tokens"
    __personal__ = N_("lets a person’s programs use the API"), N_("until the person deletes it")

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    # read, write: which of the person's rights the program has.
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RecoveryCode(db.Model):
    """A code that replaces the second factor once; only a hash is stored, deleted when used."""

    __tablename__ = "recovery_codes"
    __personal__ = N_("replaces a lost second factor"), N_("until it is used")

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class OneTimeLink(db.Model):
    """An invitation, or a link to a new password; of its secret only a hash is stored."""

    __tablename__ = "one_time_links"
    __personal__ = (
        N_("invites a person, or lets one choose a new password"),
        N_("until it is used or replaced"),
    )

    secret_hash: Mapped[bytes] = mapped_column(primary_key=True)
    # invitation, password: by an admin, confirms the account; leader: by an organiser, does not.
    purpose: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    # From which the secret is made again, with the installation's key; null: it is shown once.
    nonce: Mapped[bytes | None]
    copied_at: Mapped[datetime | None]  # on a page, to send it
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class Attempts(db.Model):
    """The attempts of one address or account (a keyed hash) in one hour."""

    __tablename__ = "attempts"
    __personal__ = N_("limits attempts, by a keyed hash of the address"), N_("about a day")

    what: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[bytes] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    n: Mapped[int]
