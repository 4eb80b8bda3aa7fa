"""What people ask of their accounts, and its limits."""

from dataclasses import dataclass

# What nobody renews within a year, nobody looks after.
DAYS_MOST = 366
DAYS_DEFAULT = 90


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a person types."""

    name: str
    password: str
    totp: str | None = None
