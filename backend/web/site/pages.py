"""How a template becomes a page: its language, its texts, its links."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import quote, urlencode

from flask import Response, current_app, make_response, render_template, request, url_for
from markupsafe import Markup, escape

from backend.coverage.figures.forecast import STEP_NAMES
from backend.http.requests import clock_now, language
from backend.i18n import catalogues, formats
from backend.i18n.languages import Language
from backend.i18n.messages import message
from backend.measurements.recording.reasons import BY_CODE
from backend.web.site import charts
from backend.web.site.labels import LABELS
from backend.web.site.navigation import MORE, ways

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
    """Who reads a page, and what templates call to write in their language."""

    language: Language
    lang: str | None  # as the address has it: links take it along

    def tools(self) -> dict[str, Any]:
        """What every template can call."""
        config = current_app.config
        return {name: getattr(self, name) for name in TOOLS} | {
            "_": self.gettext,
            "language_asked": self.lang,
            "filled": charts.filled,
            "moment": formats.moment,
            "spark": charts.sparkline,
            "ways": ways,
            "more_ways": MORE,
            "updated": formats.moment(clock_now()),
            "operator": {"name": config["OPERATOR_NAME"], "contact": config["OPERATOR_CONTACT"]},
        }

    def gettext(self, text: str, **values: Any) -> Markup:
        """A text in the reader's language; the values that fill it are escaped."""
        return _filled(catalogues.gettext(text, self.language), values)

    def pgettext(self, context: str, text: str, **values: Any) -> Markup:
        """The same for a text that means something else in another context."""
        return _filled(catalogues.pgettext(context, text, self.language), values)

    def ngettext(self, one: str, other: str, n: int, **values: Any) -> Markup:
        """The same for a text that depends on a count, which fills {n}."""
        text = catalogues.ngettext(one, other, n, self.language)
        return _filled(text, {"n": self.number(n)} | values)

    def npgettext(self, context: str, one: str, other: str, n: int, **values: Any) -> Markup:
        """The same for a text that depends on a count and a context."""
        text = catalogues.npgettext(context, one, other, n, self.language)
        return _filled(text, {"n": self.number(n)} | values)

    def label(self, noun: str, code: str, **values: Any) -> Markup:
        """The name of a code of LABELS; the code itself where it has none."""
        text = LABELS[noun].get(code)
        return escape(code) if text is None else self.gettext(text, **values)

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
        """The text that the API has for a code."""
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
        return BY_CODE[code].message(self.language) if code in BY_CODE else code

    def effect(self, code: str) -> str:
        return BY_CODE[code].effect if code in BY_CODE else "not_counted"

    def steps(self) -> list[tuple[str, Markup]]:
        """The steps of the way to a target, with their names."""
        return [(name, self.label("map_step", name)) for name in STEP_NAMES]


def _filled(text: str, values: dict[str, Any]) -> Markup:
    """A text of ours, which may hold tags, with its places filled."""
    markup = Markup(text)  # noqa: S704 # our own
    return markup.format(**values) if values else markup


def _page() -> str:
    """The path of this page; of a form's answer the page above its address, where it stands."""
    path, addresses = request.path, current_app.create_url_adapter(request)
    while request.method == "POST" and addresses and not addresses.test(path, "GET"):
        path = path.rpartition("/")[0] or "/"
    return path


TOOLS = (
    "language", "gettext", "pgettext", "ngettext", "npgettext", "label", "month", "number",
    "decimal", "percent", "day", "iso_day", "said", "to", "link", "here", "reason", "effect",
    "steps",
)  # fmt: skip
