"""How a template becomes a page: its language, its words, its links."""

from typing import Any, cast

from flask import Response, current_app, make_response, render_template, request, url_for
from markupsafe import Markup

from backend import formats
from backend.http import language
from backend.language import Language
from backend.measurements.reasons import BY_CODE
from backend.web.words import WORDS

# What the link to the other language takes along from the query string, and nothing else.
KEPT = ("month", "network", "parent", "level")


def render(template: str, lang: str | None, **values: Any) -> Response:
    """Render a template in the language that was asked for, else in the browser's."""
    chosen = cast(Language, lang) if lang else language()
    html = render_template(template, **_tools(chosen, lang), **values)
    response = make_response(html)
    response.headers["Content-Language"] = chosen
    response.headers["Vary"] = "Accept-Language"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _tools(language: Language, lang: str | None) -> dict[str, Any]:
    """What every template can call."""

    def words(key: str, **values: Any) -> Markup:
        return Markup(WORDS[key][0 if language == "vi" else 1]).format(**values)  # noqa: S704

    def number(value: float | None) -> str:
        return formats.number(value, language)

    def percent(share: float | None) -> str:
        return formats.percent(share, language)

    def link(**query: Any) -> str:
        given = {"lang": lang} | query
        return url_for("web.index", **{k: v for k, v in given.items() if v is not None})

    def here(lang: str) -> str:
        kept: dict[str, Any] = {key: request.args[key] for key in KEPT if key in request.args}
        return url_for(str(request.endpoint), **kept, lang=lang)

    def reason(code: str) -> str:
        return BY_CODE[code].words(language) if code in BY_CODE else code

    def effect(code: str) -> str:
        return BY_CODE[code].effect if code in BY_CODE else "not_counted"

    return {
        "language": language, "words": words, "number": number, "percent": percent,
        "month": formats.month, "link": link, "here": here, "reason": reason, "effect": effect,
        "updated": formats.moment(current_app.extensions["clock"]()),
    }  # fmt: skip
