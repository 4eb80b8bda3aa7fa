"""A small OpenID provider on a loopback port, which also does what a correct one never does."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "do-song", "a secret of the office, long enough for HS256"
TOKEN_S = 300


@cache
def private_key(number: int) -> rsa.RSAPrivateKey:
    """Return the provider's key of a number, made once: making one is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class FakeProvider:
    """What the provider answers; a test changes it."""

    clock: Callable[[], datetime]
    claims: dict[str, Any] = field(default_factory=dict)  # of the token
    about_user: dict[str, Any] | None = None  # of the answer about the user
    token_changes: dict[str, Any] = field(default_factory=dict)  # None removes a claim
    header: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    signing: int = 1
    published: tuple[int, ...] = (1,)
    metadata_changes: dict[str, Any] = field(default_factory=dict)
    delay_s: float = 0.0
    fails: frozenset[str] = frozenset()  # paths that answer 500
    says: dict[str, Any] = field(default_factory=dict)  # other answers, by path
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def allow(self, address: str, **changes: str) -> dict[str, str]:
        """Sign in at an address of the provider; return the query that the browser brings back."""
        request = dict(parse_qsl(urlsplit(address).query))
        assert address.startswith(f"{self.issuer}/authorize?"), address
        assert request["code_challenge_method"] == "S256" and request["response_type"] == "code"
        code = secrets.token_urlsafe(8)
        self.codes[code] = request
        return {"code": code, "state": request["state"], "iss": self.issuer, **changes}

    def way_back(self, query: dict[str, str]) -> str:
        """Return the address that the provider sends a browser to with a query."""
        return f"{self.codes[query['code']]['redirect_uri']}?{urlencode(query)}"

    def answer(self, path: str, form: dict[str, str], headers: Any) -> tuple[int, Any]:
        if path in self.fails:
            return 500, {"error": "<b>server_error</b>"}
        if path in self.says:
            return 200, self.says[path]
        answers: dict[str, Callable[[], tuple[int, Any]]] = {
            "/.well-known/openid-configuration": self._metadata,
            "/jwks": self._keys,
            "/token": lambda: self._token(form, headers.get("Authorization", "")),
            "/userinfo": lambda: (200, {"sub": self.claims["sub"], **(self.about_user or {})}),
        }
        return answers[path]()

    def _metadata(self) -> tuple[int, Any]:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.metadata_changes,
        }
        if self.about_user is not None:
            found["userinfo_endpoint"] = f"{self.issuer}/userinfo"
        return 200, {name: value for name, value in found.items() if value is not None}

    def _keys(self) -> tuple[int, Any]:
        keys = []
        for number in self.published:
            public = private_key(number).public_key()
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public))
            keys.append(key | {"kid": f"key-{number}", "use": "sig", "alg": "RS256"})
        return 200, {"keys": keys}

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        given = base64.b64decode(authorization.removeprefix("Basic ") or "").decode()
        request = self.codes.pop(form.get("code", ""), None)  # serves once
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if given.partition(":")[0] != CLIENT_ID or request is None:
            return 400, {"error": "invalid_grant", "error_description": "<script>of the provider"}
        if (
            challenge != request["code_challenge"]
            or form["redirect_uri"] != request["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + TOKEN_S,
            "nonce": request["nonce"], **self.claims, **self.token_changes,
        }  # fmt: skip
        token = self._sign({name: one for name, one in claims.items() if one is not None})
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": token}

    def _sign(self, claims: dict[str, Any]) -> str:
        keys = {"RS256": private_key(self.signing), "HS256": CLIENT_SECRET, "none": None}
        header = {"kid": f"key-{self.signing}"} | self.header
        header = {name: value for name, value in header.items() if value is not None}
        return jwt.encode(claims, keys[self.algorithm], self.algorithm, headers=header)


@contextmanager
def serving(provider: FakeProvider) -> Iterator[FakeProvider]:
    """Serve a provider on its port, by default a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            provider.requests.append(path)
            if path == "/authorize":  # a browser, whose person agrees at once
                query = provider.allow(f"{provider.issuer}{self.path}")
                self.send_response(303)
                self.send_header("Location", provider.way_back(query))
                self.end_headers()
                return
            time.sleep(provider.delay_s)
            status, content = provider.answer(path, form, self.headers)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:  # the client waited no longer
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        allow_reuse_address = True

        def handle_error(self, *args: object) -> None:
            pass

    with Server(("127.0.0.1", provider.port), Handler) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
