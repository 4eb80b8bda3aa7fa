"""Check that measuring hosts answer and sign: each ends a test of its own without transfers."""

import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import orjson
import requests
from sqlalchemy import text

from backend.database.extensions import db
from backend.witness.assurance import check_statements
from backend.witness.hosts import RegisteredHost, registered
from backend.witness.keys import installation_key
from backend.witness.statements import WITNESS, Ticket, key_id, read_statement, sign

# Of a connection and of a read; and of the whole check, also of a host that sends single bytes.
TIMEOUT_S, DEADLINE_S = 5.0, 15.0
PART, MAX_PARTS = 1_000, 10  # bytes that are read of an answer; a witness has 700
TICKET_LIFE = timedelta(minutes=10)
# Of a problem, such as that of a ticket of an unknown installation.
CODE = re.compile(rb'"code": ?"([a-z_]+)"')
STORE = text("""
    insert into host_states (host_id, checked_at, failed_since, problem)
    values (:host, :now, case when cast(:problem as text) is not null then :now end, :problem)
    on conflict (host_id) do update set checked_at = excluded.checked_at,
        problem = excluded.problem, failed_since = case when excluded.problem is not null
            then coalesce(host_states.failed_since, excluded.failed_since) end
""")


def check_hosts(config: Mapping[str, Any], now: datetime) -> dict[str, str | None]:
    """Check all hosts but the own one, and store the result; return their problems by name."""
    hosts = [host for host in registered(config) if host["url"]]
    db.session.commit()
    results: dict[UUID, str | None] = {}

    def check(host: RegisteredHost) -> None:
        results[host["id"]] = _problem(host, config["SECRET_KEY"], now)

    threads = [Thread(target=check, args=(host,), daemon=True) for host in hosts]
    for thread in threads:
        thread.start()
    until = time.monotonic() + DEADLINE_S
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    problems = {host["id"]: results.get(host["id"], "timeout") for host in hosts}
    for id, problem in problems.items():
        db.session.execute(STORE, {"host": id, "now": now, "problem": problem})
    db.session.commit()
    return {host["name"]: problems[host["id"]] for host in hosts}


def _problem(host: RegisteredHost, secret: str, now: datetime) -> str | None:
    """Return why a host does not answer, or does not sign as registered; None if it does."""
    url, issuer = host["url"], installation_key(secret)
    ticket = Ticket(uuid4(), issuer.kid, "check", host["id"], "small", now, now + TICKET_LIFE)
    try:
        with requests.Session() as session:
            if not host["signs"]:
                _ask(session, "GET", f"{url}/do/down?bytes=0")
                return None
            started = _ask(session, "POST", f"{url}/do/tests", {"ticket": sign(ticket, issuer)})
            test = orjson.loads(started)["test"]
            ended = _ask(session, "POST", f"{url}/do/tests/end?test={test}")
        token = orjson.loads(ended)["witness"]
        statement = read_statement(token, WITNESS)
        [key] = [key for key in host["keys"] if key_id(key) == statement.kid]
        statement.verify(key)
        return check_statements(ticket, statement.witness()) and "not_signed"
    except requests.HTTPError as error:
        return str(error)
    except requests.RequestException as error:
        return type(error).__name__
    except (KeyError, TypeError, ValueError):  # also of a statement
        return "not_signed"


def _ask(session: requests.Session, method: str, url: str, body: Any = None) -> bytes:
    """Return the beginning of an answer; HTTPError for an error or a redirect."""
    options: dict[str, Any] = {"timeout": TIMEOUT_S, "allow_redirects": False, "stream": True}
    with session.request(method, url, json=body, **options) as answer:
        content = b"".join(islice(answer.iter_content(PART), MAX_PARTS))
    if answer.status_code // 100 != 2:
        code = CODE.search(content)
        told = f" {code[1].decode()}" if code else ""
        raise requests.HTTPError(f"http_{answer.status_code}{told}")
    return content
