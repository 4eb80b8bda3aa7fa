"""The measuring page at /do, its service worker and manifest, and the short URLs of posters."""

import hashlib
import json
import math
from functools import cache
from pathlib import Path
from typing import TypedDict
from uuid import UUID

from flask import Response, current_app, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from backend.coverage.statistics.iqb import LOADED_MS
from backend.devices import consent
from backend.fields import Text
from backend.http.requests import clock_now, language
from backend.http.static_files import FOLDER, address, current_edition
from backend.i18n.catalogues import Language, gettext, pgettext
from backend.i18n.messages import message
from backend.measurements.recording.requirements import required_now
from backend.memberships.join_codes import CODE_LENGTH
from backend.web.measure.script_texts import script_texts
from backend.web.measure.speed import speed_bp
from backend.web.measure.uses import serialize_uses
from backend.web.site.blueprint import MEASURING, SCRIPTED_REQUESTS, WORKER, PageBlueprint
from backend.web.site.pages import render
from backend.web.site.schemas import LangQuery, PageQuerySchema
from backend.witness.hosts import registered

bp = PageBlueprint("do", __name__)
blueprints = (bp, speed_bp)

BACKEND = Path(__file__).parents[2]
# All files of the page: cached by the service worker, so that it opens offline.
FILES = (
    "style.css",
    "dark.css",
    "page.js",
    "mark.svg",
    *(f"do/{path.name}" for path in sorted((FOLDER / "do").glob("*.*s")) if path.stem != "worker"),
    "vendor/speedtest/speedtest.js",
    "vendor/inter/inter-vietnamese-wght-normal.woff2",
    "vendor/inter/inter-latin-wght-normal.woff2",
)
# The modules that are loaded with the page; the others when a test begins or ends, its result is
# shared, or there are hosts to choose from.
LATER = ("connection-test", "hosts", "ispeed", "loaded-pings", "share", "transfers")
MODULES = [
    name
    for name in FILES
    if name.startswith("do/") and name.endswith(".js") and Path(name).stem not in LATER
]
PAGES = ("/do/", "/do/?lang=vi", "/do/?lang=en")
# Folders of the sources that the page is rendered from.
SOURCES = (
    *("web/site", "web/measure", "templates/web/site", "templates/web/measure", "templates"),
    *("i18n", "i18n/locale/vi/LC_MESSAGES"),
)
SOURCE_SUFFIXES = (".html", ".py", ".txt", ".po")

# Values in Mbit/s at equal steps of the gauge: slow lines need as much room as fast ones.
GAUGE_STOPS = (0, 1, 5, 10, 50, 100, 500, 1000)
# The gauge's arc is three quarters of a circle around this point, its labels inside.
GAUGE_CENTRE, GAUGE_LABELS = 120, 76
# The data caps that a person can choose; backend/static/do/witness.js has the largest.
CAPS_MB = (2, 10, 30, 100)

# URLs without the edition, so that a release does not reinstall the app.
ICONS = (
    {"src": "/static/do/icon-192.png", "sizes": "192x192", "type": "image/png"},
    {"src": "/static/do/icon-512.png", "sizes": "512x512", "type": "image/png"},
    {
        "src": "/static/do/icon-maskable.png",
        "sizes": "512x512",
        "type": "image/png",
        "purpose": "maskable",
    },
)


@bp.page("/do/")
def measure(query: LangQuery) -> Response:
    """Render the measuring page, whose policy allows the measuring hosts."""
    page_language = query["lang"] or language()
    hosts = measuring_hosts()
    page = render(
        "web/measure/do.html",
        query["lang"],
        consent=consent.statement(page_language),
        consent_names=consent.NAMED_IN,
        scripted=script_texts(page_language),
        uses=serialize_uses(page_language),
        loaded_ms=LOADED_MS,
        gauge_stops=GAUGE_STOPS,
        ticks=gauge_ticks(),
        caps=CAPS_MB,
        modules=MODULES,
        hosts=hosts,
        speed=current_app.config["SPEED_URL"],
        ispeed_url=current_app.config["ISPEED_URL"],
    )
    page.headers["Content-Security-Policy"] = MEASURING.format(hosts=origins(hosts))
    return page


class HostToMeasure(TypedDict):
    """A host to measure at."""

    id: UUID
    name: str
    operator: str | None  # null: of no operator
    url: str  # empty: the address of the page


def measuring_hosts() -> list[HostToMeasure]:
    """Return id, name, operator and url of the hosts to measure at, the preferred one first.

    The own host is at SPEED_URL unless another one is; its url is empty where it is this address.
    """
    speed, known = current_app.config["SPEED_URL"], registered(current_app.config)
    own = "" if any(host["url"] == speed for host in known) else speed
    return [
        {
            "id": host["id"],
            "name": host["name"],
            "operator": host["operator"],
            "url": host["url"] or own,
        }
        for host in known
    ]


def origins(hosts: list[HostToMeasure]) -> str:
    """Return the addresses that a policy allows: of hosts, and SPEED_URL if it is none of them."""
    urls = {current_app.config["SPEED_URL"], *(host["url"] for host in hosts)}
    return "".join(f" {url}" for url in sorted(urls) if url)


def gauge_ticks() -> list[tuple[float, float, str]]:
    """Return the labels of the gauge with their positions in its drawing."""
    ticks = []
    for place, stop in enumerate(GAUGE_STOPS):
        angle = math.radians(135 + 270 * place / (len(GAUGE_STOPS) - 1))
        x = GAUGE_CENTRE + GAUGE_LABELS * math.cos(angle)
        y = GAUGE_CENTRE + GAUGE_LABELS * math.sin(angle)
        ticks.append((round(x, 1), round(y + 4, 1), "1k" if stop == 1000 else str(stop)))
    return ticks


@bp.page("/do/worker.js", None)
def service_worker() -> Response:
    """Send the service worker, which caches the page and sends waiting samples."""
    consents = json.dumps([consent.statement("vi"), consent.statement("en")])
    hosts = measuring_hosts()
    ispeed = current_app.config["ISPEED_URL"]
    shown = f"{consents} {required_now(clock_now()) == 'claimed'} {hosts} {ispeed}"
    answer = Response(worker(shown), content_type="text/javascript; charset=utf-8")
    answer.headers["Content-Security-Policy"] = WORKER.format(hosts=origins(hosts))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


class ManifestQuery(LangQuery):
    """The language, and the code of a team."""

    code: str  # empty: of no team


class ManifestQuerySchema(PageQuerySchema):
    """The language, and the team's code that a copy of the page on the home screen begins with."""

    code = Text(CODE_LENGTH, load_default="")


@bp.page("/do/app.webmanifest", ManifestQuerySchema)
def install(query: ManifestQuery) -> Response:
    """Send the web app manifest, which no cache keeps."""
    body = json.dumps(manifest(query["lang"] or language(), query["code"]), ensure_ascii=False)
    headers = {"Cache-Control": "no-store"}
    return Response(body, content_type="application/manifest+json", headers=headers)


@bp.page("/do/apps", policy=SCRIPTED_REQUESTS)
def apps(query: LangQuery) -> Response:
    """Render the page where a person agrees to measure with RTR-NetTest, and connects it."""
    page_language = query["lang"] or language()
    signed = required_now(clock_now()) == "witnessed"
    return render(
        "web/measure/apps.html",
        query["lang"],
        consent=consent.statement(page_language),
        news=message("app_uncounted" if signed else "app_counted", page_language),
    )


@bp.get("/j/<code>")
def join_by_address(code: str) -> BaseResponse:
    """Redirect a typed short URL to the page, with the code in the fragment."""
    return redirect(url_for("do.measure", _anchor=code[:20]))


@bp.page("/withdraw", policy=SCRIPTED_REQUESTS)
def withdraw(query: LangQuery) -> Response:
    """Render the page for withdrawing consent by code."""
    return render("web/public/withdraw.html", query["lang"])


@cache
def worker(shown: str) -> str:
    """Return the service worker; it changes with the cached files and with `shown`.

    That is the consent text, whether claims count, which the footer says, the measuring hosts, and
    the address of i-Speed.
    A phone that has the page asks for consent again once it has the page with the new text.
    """
    cached = json.dumps([*PAGES, *map(address, FILES)])
    script = (FOLDER / "do" / "worker.js").read_text(encoding="utf-8")
    sending = f'import {{ sendWaiting }} from "{address("do/upload-queue.js")}";'
    version = f'const VERSION = "{_version(shown)}";'
    return f"{version}\nconst SHELL = {cached};\n{sending}\n{script}"


class Manifest(TypedDict):
    """The web app manifest, as browsers read it."""

    name: str
    short_name: str
    description: str
    lang: str
    id: str
    start_url: str  # with the code of a team in the fragment
    scope: str
    display: str
    orientation: str
    background_color: str
    theme_color: str
    icons: list[dict[str, str]]


def manifest(language: Language, code: str) -> Manifest:
    """Return the web app manifest; a team's code stays in the fragment, as on posters."""
    return {
        "name": f"Đo Sóng: {pgettext('title', 'Measure', language)}",
        "short_name": "Đo Sóng",
        "description": gettext("Measure the network at your position, for your commune.", language),
        "lang": language,
        "id": "/do/",
        "start_url": url_for("do.measure", lang=language, _anchor=code or None),
        "scope": "/do/",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#ffffff",
        "theme_color": "#0b5a7c",
        "icons": list(ICONS),
    }


def source_files() -> list[Path]:
    """Return all sources of the page; phones fetch it again if one of them changes."""
    sources = [
        path
        for folder in SOURCES
        for path in sorted((BACKEND / folder).iterdir())
        if path.suffix in SOURCE_SUFFIXES
    ]
    return [*(FOLDER / name for name in FILES), FOLDER / "do" / "worker.js", *sources]


def _version(shown: str) -> str:
    """Hash the edition, which is part of the cached URLs, what is shown and the sources."""
    digest = hashlib.sha256(f"{current_edition()} {shown}".encode())
    for path in source_files():
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
