"""Sign-ins that have begun: what their browsers keep in a signed cookie meanwhile."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from backend.i18n.catalogues import Language

# A person looks for the second factor of the office's account meanwhile.
LIFETIME = timedelta(minutes=10)
SECRET_BYTES = 32
# With a longer path the cookie could be larger than browsers keep.
MAX_PATH = 1_500

Transaction = dict[str, str]  # state, nonce and verifier of one sign-in, and the way back


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in between this server and the provider, or before its second factor.

    `path` is the page to open at last, `link_to` the person and session that link an identity,
    `user_id` and `identity_id` are set when the provider has named the person.
    """

    until: float
    path: str | None = None
    lang: Language | None = None
    transaction: Transaction | None = None
    link_to: tuple[int, str] | None = None
    user_id: int | None = None
    identity_id: int | None = None

    @property
    def step(self) -> str:
        """Return at which step the sign-in is: at the provider, or before the second factor."""
        return "provider" if self.transaction else "code"


def new_transaction(redirect_uri: str) -> Transaction:
    """Return a transaction with new secrets."""
    made = {name: secrets.token_urlsafe(SECRET_BYTES) for name in ("state", "nonce", "verifier")}
    return made | {"redirect_uri": redirect_uri}


def pack(pending: PendingSignIn, key: str) -> str:
    """Return the signed text of a sign-in, for a cookie."""
    return str(_serializer(key).dumps(asdict(pending)))


def unpack(cookie: str | None, step: str, key: str, now: datetime) -> PendingSignIn | None:
    """Return the sign-in of a cookie; None where it is forged, of another step or has expired."""
    try:
        values: dict[str, Any] = _serializer(key).loads(cookie or "")
    except BadData:
        return None
    if values["link_to"]:
        values["link_to"] = tuple(values["link_to"])
    pending = PendingSignIn(**values)
    return pending if pending.step == step and pending.until > now.timestamp() else None


def _serializer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="dosong sign-in at a provider")
