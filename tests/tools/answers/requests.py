"""Addresses of GET requests: those of the OpenAPI document, with parameters of the demo."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import text

from backend.database.extensions import db

MONTHS = ("2024-11", "2025-08", "2025-09")
# Code, level, month and its last day of the places asked for.
PLACES = (
    ("19", "province", "2024-11", "2024-11-30"),
    ("164", "district", "2024-11", "2024-11-30"),
    ("05443", "commune", "2024-11", "2024-11-30"),
    ("19", "province", "2025-09", "2025-09-18"),
    ("05890", "commune", "2025-09", "2025-09-18"),
    ("01", "province", "2025-08", "2025-08-31"),
)
PHONE_SAMPLES = tuple(f"00000000-0000-4000-8000-00000000000{n}" for n in range(3))
# Values of parameters, tried one at a time; the first is sent where one is required.
VALUES: dict[str, tuple[Any, ...]] = {
    "month": MONTHS, "network": ("mobile", "fixed"), "parent": ("19", "164"), "unit": ("19",),
    "level": ("province", "district", "commune"), "by": ("team", "member", "unit", "day"),
    "rank": ("counted", "needed"), "format": ("csv", "geojson", "xlsx"), "filter": ("reached",),
    "limit": (3,), "sort": ("counted", "-shortfall"), "q": ("xã tân", "Thái Nguyên"),
    "as_of": ("2024-11-30", "2025-09-18"), "state": ("open", "approved"), "ended": ("true",),
    "latitude": (21.5942, 10.77), "longitude": (105.8482, 106.69), "accuracy_m": (150,),
    "date": ("2024-11-20",), "day": ("2024-11-20",), "months": (24,), "tolerance_m": (500,),
    "operator": ("Viettel",), "technology": ("4G",), "download_mbps": (48.2,), "after": (0,),
    "f": ("json",), "bbox": ("105,21,106,22",), "offset": (10,), "$filter": ("n gt 100",),
    "$top": (5,), "$count": ("true",), "reason": ("repeat",), "within": ("19",),
    "role": ("official",), "radius_m": (5_000,), "from": ("2024-11-10",), "fields": ("n",),
}  # fmt: skip
# Paths below /api/v1 that answer phones alone.
OF_PHONES = ("device", "measurements", "memberships", "next", "no-connection-notes")
TABLES = ("campaign", "team", "organisation", "report", "webhook")


def addresses(app: Flask) -> list[str]:
    """Return the addresses of all GET operations, and of coverage at all levels and months."""
    known = ids(app)
    found: dict[str, None] = {}
    paths = app.test_client().get("/api/v1/openapi.json").json["paths"]
    for path, operations in sorted(paths.items()):
        if "get" in operations:
            found |= dict.fromkeys(_of_operation(path, operations["get"], known))
    for month in MONTHS:
        for level in ("province", "district", "commune"):
            query = f"month={month}&level={level}&format=csv&network="
            found |= dict.fromkeys(f"/api/v1/coverage?{query}{of}" for of in ("mobile", "fixed"))
    return list(found)


def ids(app: Flask) -> dict[str, list[Any]]:
    """Return values of the parameters in paths, from the database."""
    queries = {f"{name}_id": f"select id from {name}s order by id limit 3" for name in TABLES}
    queries["digest"] = "select digest from reports where digest is not null order by id limit 2"
    with app.app_context():
        known = {name: list(db.session.scalars(text(query))) for name, query in queries.items()}
        db.session.rollback()
    client = app.test_client()
    collections = client.get("/ogc/collections").json["collections"]
    return known | {
        "odata": [one["name"] for one in client.get("/api/v1/odata/").json["value"]],
        "collections": [one["id"] for one in collections],
        "files": ["report.json", "report.csv.zip", "report.xlsx", "report.docx"],
        "identity": list(PHONE_SAMPLES),
        "attachment_id": [1],
    }


def _of_operation(path: str, operation: Any, known: dict[str, list[Any]]) -> Iterator[str]:
    """Return each place or id of an operation, with each parameter changed alone."""
    query = [one for one in operation.get("parameters", []) if one.get("in") == "query"]
    names = [one["name"] for one in query]
    always = {one["name"]: VALUES[one["name"]][0] for one in query if one.get("required")}
    if "month" in names:
        always["month"] = MONTHS[0]
    for filled, of_place in _paths(path, known):
        base = always | {name: value for name, value in of_place.items() if name in names}
        varied = [name for name in names if name not in of_place or name == "month"]
        tried = [{}, *({name: value} for name in varied for value in VALUES.get(name, ()))]
        if {"month", "network"} <= set(names) and not of_place:
            tried += [{"month": month, "network": "fixed"} for month in MONTHS]
        for one in tried:
            asked = {name: value for name, value in (base | one).items()
                     if not (name == "month" and "from" in one)}  # fmt: skip
            yield f"{filled}?{urlencode(asked, safe='$,')}" if asked else filled


def _paths(path: str, known: dict[str, list[Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Fill the parameters of a path; with level and time of the place, if there is one."""
    found = re.search(r"{(\w+)}", path)
    if not found:
        yield path, {}
    elif found[1] == "code" and "ogc" not in path:
        for code, level, month, day in PLACES:
            filled = path.replace("{code}", code)
            of_place = {"level": level, "month": month, "as_of": day}
            yield from ((one, of_place) for one, _ in _paths(filled, known))
    elif found[1] == "code":
        yield from _paths(path.replace("{code}", "19"), known)
    else:
        group = found[1] if found[1] != "name" else path[: found.start()].split("/")[-2]
        for value in known[group]:
            yield from _paths(path.replace(found[0], str(value), 1), known)
