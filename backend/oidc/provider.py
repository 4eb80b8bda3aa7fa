"""The operator's OpenID provider: its addresses and keys, requests for codes and claims.

Nothing is fetched before a person signs in: without the provider all else works.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypedDict, cast

import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import ConnectionError, RequestException, Timeout

from backend.errors import Problem
from backend.fields import Json
from backend.oidc.transactions import Transaction

# Longer than a provider at the other end of the country takes; a person waits for it.
TIMEOUT_S = 5.0
# Addresses and keys change seldom; an unknown key is looked for at once.
METADATA_S = 600.0
# After a failure all are refused for a moment without another attempt.
AWAY_S = 5.0
# Threads of one process that may wait for a provider: the others keep serving.
AT_ONCE = 2
QUEUE_S = 1.0
# Clocks of the provider and of this machine.
LEEWAY_S = 60
# Signatures by a private key alone: `none`, and one by the shared secret, prove nothing here.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
MAX_SUBJECT = 255  # OpenID Connect Core, 2
SCOPES = ("openid", "profile", "email")
# Asked for where a provider offers it: Canaille, Dex and Authelia name a person's groups only then.
GROUPS = "groups"
# Claims that are looked for in the answer about the user where the token has not all of them.
OF_PERSON = ("email", "name")

log = structlog.get_logger()


class ProviderMetadata(TypedDict, total=False):
    """What a provider tells of itself (OpenID Connect Discovery), as far as it is read."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    id_token_signing_alg_values_supported: list[str] | None
    token_endpoint_auth_methods_supported: list[str]
    scopes_supported: list[str] | None


class Provider:
    """An OpenID provider, for all threads of a process."""

    def __init__(
        self, issuer: str, client_id: str, client_secret: str = "", scopes: Sequence[str] = ()
    ) -> None:
        self.issuer, self.client_id, self.client_secret = issuer, client_id, client_secret
        self.scopes = scopes
        self._metadata: ProviderMetadata = {}
        self._keys: KeySet | None = None
        self._fetched_at = self._failed_at = float("-inf")
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def authorization_url(self, transaction: Transaction, language: str) -> str:
        """Return the address to which a browser goes to sign in; 503 where none answers."""
        with self._turn():
            session = self._session(self.metadata())
            url, _ = session.create_authorization_url(
                self._metadata["authorization_endpoint"],
                state=transaction["state"],
                nonce=transaction["nonce"],
                code_verifier=transaction["verifier"],
                redirect_uri=transaction["redirect_uri"],
                ui_locales=language,
            )
        return str(url)

    def claims(
        self, code: str, transaction: Transaction, wanted: frozenset[str], now: datetime
    ) -> dict[str, Json]:
        """Exchange a code for the verified claims of its person; 401 or 503 where that fails.

        Claims that are wanted and not in the token are read from the answer about the user.
        """
        with self._turn():
            metadata = self.metadata()
            with self._session(metadata) as session:
                token = session.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=transaction["verifier"],
                    redirect_uri=transaction["redirect_uri"],
                )
                claims = self._verify(token, transaction["nonce"], now)
                if not (wanted | set(OF_PERSON)) <= set(claims):
                    claims = self._about_user(session, metadata, claims) | claims
        return claims

    def check(self) -> str | None:
        """Return what is wrong with the provider's addresses or keys; None if nothing is."""
        try:
            self.metadata()
            self._key_set()
        except (RequestException, JoseError) as error:
            return type(error).__name__
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return str(error)
        return None

    def metadata(self) -> ProviderMetadata:
        """Return the provider's addresses, read again every ten minutes."""
        if time.monotonic() - self._fetched_at > METADATA_S:
            address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = self._get(address)
            self._check_metadata(found)
            self._metadata = cast(ProviderMetadata, found)
            self._keys, self._fetched_at = None, time.monotonic()
        return self._metadata

    def _check_metadata(self, found: Mapping[str, Json]) -> None:
        if str(found.get("issuer", "")).rstrip("/") != self.issuer.rstrip("/"):
            raise ValueError("the issuer is another one")
        secure = self.issuer.startswith("https://")
        # The last one need not be there, but gets the access token.
        given = [name for name in ("userinfo_endpoint",) if found.get(name) is not None]
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", *given):
            if not str(found.get(name)).startswith(("https://",) if secure else ("http",)):
                raise ValueError(f"{name} is missing or not https")

    def _verify(self, token: Mapping[str, Json], nonce: str, now: datetime) -> dict[str, Json]:
        """Return the claims of the signed token of this transaction."""
        decoded = self._decode(cast(str, token["id_token"]))
        options = {
            "iss": {"essential": True, "value": self._metadata["issuer"]},
            "aud": {"essential": True, "value": self.client_id},
        }
        params = {
            "nonce": nonce,
            "client_id": self.client_id,
            "access_token": token.get("access_token"),
        }
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
            raise ValueError("the subject is no short text")
        if not (subject.isascii() and subject.isprintable()):
            raise ValueError("the subject has other letters than ASCII")
        return dict(claims)

    def _decode(self, id_token: str) -> jwt.Token:
        offered = self._metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        allowed = [name for name in ALGORITHMS if name in offered]
        registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
        try:
            return jwt.decode(id_token, key=self._key_set(), registry=registry)
        except InvalidKeyIdError:  # the provider has begun to sign with a new key
            return jwt.decode(id_token, key=self._key_set(renew=True), registry=registry)

    def _key_set(self, *, renew: bool = False) -> KeySet:
        if self._keys is None or renew:
            found = self._get(self._metadata["jwks_uri"])
            keys = cast(list[dict[str, str | list[str]]], found["keys"])  # the library checks each
            public = [key for key in keys if key.get("kty") != "oct"]
            self._keys = KeySet.import_key_set({"keys": public})
        return self._keys

    def _about_user(
        self, session: OAuth2Session, metadata: ProviderMetadata, claims: Mapping[str, Json]
    ) -> dict[str, Json]:
        address = metadata.get("userinfo_endpoint")
        if not isinstance(address, str):
            return {}
        answer = session.get(address)
        answer.raise_for_status()
        found: dict[str, Json] = answer.json()
        if found.get("sub") != claims["sub"]:
            raise ValueError("the answer about the user is of another subject")
        return found

    def _session(self, metadata: ProviderMetadata) -> OAuth2Session:
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        by_post = "client_secret_basic" not in methods and "client_secret_post" in methods
        method = "client_secret_post" if by_post else "client_secret_basic"
        offered = set(metadata.get("scopes_supported") or ())
        session = OAuth2Session(
            self.client_id,
            self.client_secret or None,
            scope=" ".join(self.scopes or (*SCOPES, *({GROUPS} & offered))),
            code_challenge_method="S256",
            token_endpoint_auth_method=method if self.client_secret else "none",
            default_timeout=TIMEOUT_S,
        )
        session.max_redirects = 0  # a redirect could take the secret to another host
        return session

    def _get(self, address: str) -> dict[str, Json]:
        with self._session({}) as session:
            answer = session.get(address, withhold_token=True)
            answer.raise_for_status()
            found = answer.json()
        if not isinstance(found, dict):
            raise ValueError(f"{address} is no object")
        return found

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Limit the threads that wait, and raise problems for what can go wrong at a provider."""
        if time.monotonic() - self._failed_at < AWAY_S or not self._turns.acquire(timeout=QUEUE_S):
            raise Problem(503, "oidc_away")
        try:
            yield
        except OAuthError as error:  # a code that was used or has expired, a wrong secret
            raise self._problem(401, "oidc_refused", error, answer=error.error) from error
        except RequestException as error:
            # Not after an answer: by codes that break the provider one browser would lock out all.
            if isinstance(error, ConnectionError | Timeout):
                self._failed_at = time.monotonic()
            raise self._problem(503, "oidc_away", error) from error
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._problem(401, "oidc_invalid", error) from error
        finally:
            self._turns.release()

    def _problem(self, status: int, code: str, error: Exception, **details: str) -> Problem:
        # Of a text by the provider only the kind is logged: it may contain the token.
        log.warning("sign-in at the provider failed", code=code, error=type(error).__name__,
                    claim=getattr(error, "claim", None), **details)  # fmt: skip
        return Problem(status, code)
