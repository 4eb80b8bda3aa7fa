#!/usr/bin/env python3
"""Measure the line with a ticket and post the witnessed result, with the standard library only.

    python3 measure.py URL --latitude 21.5942 --longitude 105.8482 --accuracy-m 12

The first run registers, once the person has agreed. --state keeps the token and unsent samples.
"""

import argparse
import itertools
import json
import math
import os
import statistics
import sys
import time
import uuid
from datetime import datetime, timezone
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

# The bytes of transfers, ascending; the first that takes FINISH_S is the last of its direction.
KB = 1_000
DOWN = {"small": (100, 450, 450), "full": (100, 100, 500, 500, 2000, 2000, 8000, 8000, 25000)}
UP = {"small": (100, 200, 200), "full": (100, 100, 400, 400, 1500, 1500, 6000, 6000)}
PINGS, FINISH_S, NONCE_LENGTH, TRIES = 12, 0.9, 32, 5
# To choose among measuring hosts: requests to each, and the longest wait for one.
HOST_PINGS, HOST_S = 3, 2


class Refused(Exception):
    """An answer that is no success; repeating the request does not help."""


class Server:
    """One connection that is kept; requests are repeated while a server is busy or away."""

    def __init__(self, url, token=None):
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.line = kind(parts.hostname, parts.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method, path, body=None, kind="application/json", tries=TRIES):
        """Return the body of a successful answer and the seconds that it took."""
        for attempt in range(tries):
            headers, wait = self.headers | {"Content-Type": kind}, 2.0**attempt
            try:
                began = time.monotonic()
                self.line.request(method, path, body, headers)
                answer = self.line.getresponse()
                content = answer.read()
                seconds = time.monotonic() - began
            except (OSError, HTTPException):
                self.line.close()
            else:
                if answer.status < 400:
                    return content, seconds
                if answer.status != 429 and answer.status < 500:
                    raise Refused(f"{answer.status} {content.decode()}")
                wait = float(answer.headers.get("Retry-After") or wait)
                if wait > 60:
                    raise Refused(f"{answer.status}: wait for {wait:.0f} s")
            time.sleep(wait)
        raise Refused("the server does not answer")

    def json(self, method, path, value=None):
        body = None if value is None else json.dumps(value).encode()
        return json.loads(self.send(method, path, body)[0] or "null")


class Measurement:
    """One test at a measuring host."""

    def __init__(self, host, ticket, profile):
        self.host, self.profile = host, profile
        self.test = host.json("POST", "/do/tests", {"ticket": ticket})["test"]
        self.waits = []

    def run(self):
        """Ping, download, upload; return the values that a sample reports."""
        nonce = ""
        for _ in range(PINGS):
            content, seconds = self.host.send("GET", f"/do/down?bytes=0&test={self.test}{nonce}")
            nonce = f"&nonce={content.decode()}"
            self.waits.append(seconds)
        steps = [abs(one - after) for one, after in itertools.pairwise(self.waits)]
        values = {"download_mbps": self.ramp(self.down, DOWN[self.profile])}
        values["upload_mbps"] = self.ramp(self.up, UP[self.profile])
        values["ping_ms"] = round(statistics.median(self.waits) * 1e3, 2)
        return values | {"jitter_ms": round(statistics.mean(steps) * 1e3, 2)}

    def ramp(self, transfer, sizes):
        """Transfer growing sizes until one takes long; return the 90th percentile in Mbit/s."""
        rates = []
        for size in (KB * size for size in sizes):
            seconds = transfer(size)
            rates.append(size * 8 / (seconds - min(min(self.waits), seconds / 4)) / 1e6)
            if seconds >= FINISH_S:
                break
        rates.sort()
        place = 0.9 * (len(rates) - 1)
        low, high = rates[math.floor(place)], rates[math.ceil(place)]
        return round(low + (high - low) * (place % 1), 2)

    def down(self, size):
        content, seconds = self.host.send("GET", f"/do/down?bytes={size}&test={self.test}")
        nonce = content[-NONCE_LENGTH:].decode()  # known only once all bytes have arrived
        self.host.send("POST", f"/do/down/end?test={self.test}&nonce={nonce}", b"")
        return seconds

    def up(self, size):
        kind = "application/octet-stream"
        return self.host.send("POST", f"/do/up?test={self.test}", os.urandom(size), kind)[1]

    def end(self, values):
        """Return the witness, and the values up to what the host saw: more would not count."""
        seen = self.host.json("POST", f"/do/tests/end?test={self.test}", {})
        for name in ("download_mbps", "upload_mbps"):
            values[name] = min(values[name], seen[name])
        return seen["witness"], values


def choose(api, kept, network):
    """Return the id of the nearest measuring host, which is kept for some hours on a network."""
    name = f"{network['kind']} {network['operator']}"
    if kept.get(name, {"until": 0})["until"] < time.time():
        found = api.json("GET", "/api/v1/hosts")
        near = sorted(found["items"], key=lambda host: host["class"])[: found["max_pings"]]
        best = min(near, key=rank) if len(near) > 1 else near[0]
        kept[name] = {"host": best["id"], "until": time.time() + 3600 * found["keep_hours"]}
    return kept[name]["host"]


def rank(host):
    """Rank a host by its shortest answer, an operator's after the neutral ones that answer."""
    server, waits = Server(host["url"]), []
    server.line.timeout = HOST_S
    try:
        for _ in range(HOST_PINGS):
            waits.append(server.send("GET", "/do/down?bytes=0", tries=1)[1])
    except Refused:
        pass
    return not waits, host["class"], min(waits, default=0)


def now():
    return datetime.now(timezone.utc).isoformat()  # noqa: UP017 # older Pythons


def register(url, agreed):
    """Register with the person's consent; return the state to keep."""
    server = Server(url)
    text = server.json("GET", "/api/v1/consent")
    if not agreed and input(f"{text['text']}\nAgree? (yes/no) ") != "yes":
        sys.exit("Nothing was registered.")
    consent = {"accepted": True, "version": text["version"], "accepted_at": now()}
    phone = {"id": str(uuid.uuid4()), "platform": "python", "consent": consent}
    device = server.json("POST", "/api/v1/devices", phone)
    return {"token": device["token"], "withdrawal_code": device["withdrawal_code"], "unsent": []}


def measure(url, state, options):
    """Get a ticket and measure; return the sample, of a failed test too: it uses its ticket."""
    api, kept = Server(url, state["token"]), state.setdefault("hosts", {})
    network = {"kind": options.kind, "operator": options.operator}
    wanted = {"id": str(uuid.uuid4()), "profile": options.profile}
    try:
        host = choose(api, kept, network)
        issued = api.json("POST", "/api/v1/tests", wanted | {"host": host})
    except Refused:  # the host is down: the installation names another one
        kept.clear()
        issued = api.json("POST", "/api/v1/tests", wanted)
    place = {name: getattr(options, name) for name in ("latitude", "longitude", "accuracy_m")}
    sample = {"id": str(uuid.uuid4()), "measured_at": now(), "status": "failed", "network": network}
    sample |= {"location": place | {"fixed_at": now()}, "test": {"ticket": issued["ticket"]}}
    try:
        test = Measurement(Server(issued["host"]["url"]), issued["ticket"], options.profile)
        sample["test"]["witness"], values = test.end(test.run())
        sample |= values | {"status": "finished"}
    except (Refused, OSError, HTTPException) as error:
        print(f"The test failed: {error}", file=sys.stderr)
        kept.clear()
    return sample


def post(url, state, path):
    """Send the stored samples; each stays until the server has answered."""
    api = Server(url, state["token"])
    while state["unsent"]:
        sample = state["unsent"][0]
        try:
            answer = api.json("POST", "/api/v1/measurements", sample | {"sent_at": now()})
            print(json.dumps(answer, ensure_ascii=False, indent=1))
        except Refused as error:
            if not str(error).startswith(("409", "422")):  # these two never succeed
                raise
            print(error, file=sys.stderr)
        state["unsent"].pop(0)
        path.write_text(json.dumps(state))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    for name in ("latitude", "longitude", "accuracy-m"):
        parser.add_argument(f"--{name}", type=float, required=True)
    parser.add_argument("--kind", choices=["mobile", "wifi", "ethernet"], default="mobile")
    parser.add_argument("--operator")
    parser.add_argument("--profile", choices=["small", "full"], default="full")
    parser.add_argument("--state", type=Path, default=Path("measure.json"))
    parser.add_argument("--agree", action="store_true", help="the person has agreed already")
    options = parser.parse_args()
    url, path = options.url, options.state
    state = json.loads(path.read_text()) if path.exists() else register(url, options.agree)
    path.touch(0o600)
    path.write_text(json.dumps(state))
    try:
        state["unsent"].append(measure(url, state, options))
        path.write_text(json.dumps(state))  # stored before it is sent
        post(url, state, path)
    except Refused as error:
        sys.exit(f"Not finished: {error}")


if __name__ == "__main__":
    main()
