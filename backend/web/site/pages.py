"""How a template becomes a page: its language, its words, its links."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import quote, urlencode

from flask import Response, current_app, make_response, render_template, request, url_for
from markupsafe import Markup

from backend.coverage.figures import steps
from backend.http.requests import clock_now, language
from backend.i18n import formats
from backend.i18n.languages import Language
from backend.i18n.messages import message
from backend.measurements.recording.reasons import BY_CODE
from backend.web.site import charts
from backend.web.site.navigation import MORE, ways
from backend.web.site.words import WORDS

# What the link to the other language takes along from the query string, and nothing else.
KEPT = ("month", "network", "level", "q", "by", "date", "team_id")


def render(template: str, lang: str | None, **values: Any) -> Response:
    """Render a template in the language that was asked for, else in the browser's."""
    reader = reader_of(lang)
    response = make_response(render_template(template, **reader.tools(), **values))
    response.headers["Content-Language"] = reader.language
    response.headers["Vary"] = "Accept-Language"
    response.headers["Cache-Control"] = "no-cache"
    return response


def reader_of(lang: str | None) -> "Reader":
    """Who reads, by what the address asks for, else by their browser."""
    return Reader(cast(Language, lang) if lang else language(), lang)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page: all that a template says, it says in their language."""

    language: Language
    lang: str | None  # as the address has it: links take it along

    def tools(self) -> dict[str, Any]:
        """What every template can call."""
        config = current_app.config
        return {name: getattr(self, name) for name in TOOLS} | {
            "language_asked": self.lang,
            "filled": charts.filled,
            "moment": formats.moment,
            "spark": charts.sparkline,
            "ways": ways,
            "more_ways": MORE,
            "updated": formats.moment(clock_now()),
            "operator": {"name": config["OPERATOR_NAME"], "contact": config["OPERATOR_CONTACT"]},
        }

    def words(self, key: str, **values: Any) -> Markup:
        """The words of a key, its places filled; what fills them is escaped."""
        words = Markup(WORDS[key][0 if self.language == "vi" else 1])  # noqa: S704 # our own
        return words.format(**values)

    def number(self, value: float | None) -> str:
        return formats.number(value, self.language)

    def decimal(self, value: float | None, decimals: int = 1) -> str:
        return formats.number(value, self.language, decimals)

    def percent(self, share: float | None) -> str:
        return formats.percent(share, self.language)

    def month(self, value: str) -> str:
        return formats.month(value)

    def day(self, value: date | None) -> str:
        return formats.day(value, self.language)

    def iso_day(self, value: str) -> str:
        return self.day(date.fromisoformat(value))

    def said(self, code: str) -> str:
        """The words that the API has for a code."""
        return message(code, self.language)

    def to(self, endpoint: str, **query: Any) -> str:
        """The address of a page in the same language."""
        given = {"lang": self.lang} | query
        return url_for(endpoint, **{k: v for k, v in given.items() if v is not None})

    def link(self, **query: Any) -> str:
        """The address of the first page about something."""
        return self.to("web.index", **query)

    def here(self, lang: str) -> str:
        """The address of this page in another language."""
        kept = {key: request.args[key] for key in KEPT if key in request.args}
        return f"{quote(_page())}?{urlencode(kept | {'lang': lang})}"

    def reason(self, code: str) -> str:
        return BY_CODE[code].words(self.language) if code in BY_CODE else code

    def effect(self, code: str) -> str:
        return BY_CODE[code].effect if code in BY_CODE else "not_counted"

    def steps(self) -> list[tuple[str, Markup]]:
        """The steps of the way to a target, with their words."""
        return [(name, self.words(f"step_{name}")) for name in steps.NAMES]


def _page() -> str:
    """The path of this page; of a form's answer the page above its address, where it stands."""
    path, addresses = request.path, current_app.create_url_adapter(request)
    while request.method == "POST" and addresses and not addresses.test(path, "GET"):
        path = path.rpartition("/")[0] or "/"
    return path


TOOLS = (
    "language", "words", "month", "number", "decimal", "percent", "day", "iso_day", "said", "to",
    "link", "here", "reason", "effect", "steps",
)  # fmt: skip
