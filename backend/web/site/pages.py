"""Rendering of templates as pages: language, texts, links, header and footer."""

import re
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, cast
from urllib.parse import quote, urlencode

from flask import Response, current_app, make_response, render_template, request, url_for
from markupsafe import Markup, escape

from backend.accounts.access import PUBLIC, Actor
from backend.accounts.authentication import ACTOR_KEY, actor, form_token
from backend.accounts.login_names import format_phone
from backend.coverage.figures import words
from backend.coverage.figures.forecast import STEP_NAMES
from backend.coverage.figures.unit_access import figures_reader
from backend.devices import consent
from backend.http.requests import clock_now, language
from backend.i18n import catalogues, formats
from backend.i18n.catalogues import N_, Language
from backend.i18n.messages import message
from backend.measurements.recording import requirements
from backend.measurements.recording.reasons import BY_CODE, PARTS
from backend.web.site import charts, tables
from backend.web.site.help_links import GUIDES, help_of
from backend.web.site.labels import LABELS

DOCUMENT = re.compile(r"docs/([a-z.-]+)\.md")
PART_OF = {category: part for part, category in PARTS.items()}


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """A link: the endpoint it opens, its title, and the blueprint whose pages highlight it."""

    endpoint: str
    title: str
    blueprint: str | None = None


HEADER_LINKS = (
    NavigationLink("web.index", N_("Map")),
    NavigationLink("web.speeds", N_("Network speed")),
    NavigationLink("do.measure", N_("Measure now"), "do"),
)
FOOTER_LINKS = (
    NavigationLink("data.show_data", N_("Open data")),
    NavigationLink("data.build_embed", N_("Embed in another page")),
    NavigationLink("seal.ask", N_("Check a report")),
)


def header_links() -> list[tuple[str, str, bool]]:
    """Return the endpoints of the header that exist, their titles, and whether each is current."""
    return [
        (
            link.endpoint,
            link.title,
            request.endpoint == link.endpoint
            or (link.blueprint is not None and request.blueprint == link.blueprint),
        )
        for link in HEADER_LINKS
        if link.endpoint in current_app.view_functions
    ]


# Query parameters that the link to the other language keeps.
KEPT = (
    "month", "network", "level", "q", "by", "date", "team_id",
    "metric", "operator", "technology", "before",
)  # fmt: skip

# The first page of each role's work, in the order of the header.
WORKSPACES = {
    "official": "desk.index",
    "observer": "desk.provinces",
    "organiser": "board.index",
    "team_leader": "board.index",
    "admin": "admin.index",
}


def render(template: str, lang: str | None, **values: Any) -> Response:
    """Render a template in the requested language, by default the browser's."""
    translator = translator_for(lang)
    response = make_response(render_template(template, **translator.template_values(), **values))
    response.headers["Content-Language"] = translator.language
    response.headers["Vary"] = "Accept-Language"
    response.headers["Cache-Control"] = "no-cache"
    return response


def render_part(template: str, lang: str | None, **values: Any) -> Markup:
    """Render a part of a page, which an open page updates by a script."""
    html = render_template(template, **translator_for(lang).template_values(), **values)
    return Markup(html)  # noqa: S704 # own template


def render_private(template: str, lang: str | None, **values: Any) -> Response:
    """Render a page of a signed-in person: with a form token, and never cached."""
    person = actor()
    known = {"csrf": form_token(), "person_id": person.user_id, "workspaces": workspaces(person)}
    response = render(template, lang, **known, **values)
    response.headers["Cache-Control"] = "no-store"
    return response


def render_public(template: str, lang: str | None, **values: Any) -> Response:
    """Render a page for everybody, with the header of the person who has signed in, if any.

    The header has a form: the page's policy must allow forms to this server.
    """
    signed_in = figures_reader().session is not None
    return (render_private if signed_in else render)(template, lang, **values)


def link_documents(text: str) -> Markup:
    """Return a text with links in place of the names of documents, such as docs/operator.md."""
    return Markup(  # noqa: S704 # escaped, with names of one pattern
        DOCUMENT.sub(
            lambda found: f'<a href="{url_for("help.document", name=found[1])}">{found[0]}</a>',
            str(escape(text)),
        )
    )


def workspaces(actor: Actor) -> list[str]:
    """Return the endpoints of a person's workspaces: one for each kind of their roles."""
    roles = {grant.role for grant in actor.grants}
    endpoints = dict.fromkeys(WORKSPACES[role] for role in WORKSPACES if role in roles)
    return [endpoint for endpoint in endpoints if endpoint in current_app.view_functions]


def translator_for(lang: str | None) -> "Translator":
    """Return the translator of the language in the query string, by default the browser's."""
    return Translator(cast(Language, lang) if lang else language(), lang)


@dataclass(frozen=True, slots=True)
class Translator:
    """Texts, figures and links of a page in one language, for templates."""

    language: Language
    lang: str | None  # of the query string; links repeat it

    def template_values(self) -> dict[str, Any]:
        """Return the functions and values that every template can use."""
        config = current_app.config
        return {name: getattr(self, name) for name in TEMPLATE_FUNCTIONS} | {
            "_": self.gettext,
            "chosen_language": self.lang,
            "course_points": charts.course_points,
            "link_documents": link_documents,
            "filled_percent": charts.filled_percent,
            "clock": formats.clock,
            "moment": formats.moment,
            "percent": partial(formats.percent, language=self.language),
            "weekday": partial(formats.weekday, language=self.language),
            "phone": format_phone,
            "sparkline_points": charts.sparkline,
            "columns_class": tables.columns_class,
            "name_cells": tables.name_cells,
            "header_links": header_links,
            "footer_links": FOOTER_LINKS,
            "counting_note": self.counting_note,
            "participation": partial(words.participation, language=self.language),
            "forecast": partial(words.forecast, language=self.language),
            "facts": partial(words.facts, language=self.language),
            "lacks_participation": words.lacks_participation,
            "advised": (words.MIN_DEVICES, words.MIN_OUTINGS),
            "consent_version": consent.CURRENT,
            "updated": formats.moment(clock_now()),
            "operator": {"name": config["OPERATOR_NAME"], "contact": config["OPERATOR_CONTACT"]},
        }

    def gettext(self, text: str, **values: Any) -> Markup:
        """Translate a text and fill it with escaped values."""
        return _fill(catalogues.gettext(text, self.language), values)

    def pgettext(self, context: str, text: str, **values: Any) -> Markup:
        """Translate a text of a context."""
        return _fill(catalogues.pgettext(context, text, self.language), values)

    def ngettext(self, one: str, other: str, n: int, **values: Any) -> Markup:
        """Translate a text that depends on a count, which fills {n}."""
        text = catalogues.ngettext(one, other, n, self.language)
        return _fill(text, {"n": self.number(n)} | values)

    def npgettext(self, context: str, one: str, other: str, n: int, **values: Any) -> Markup:
        """Translate a text that depends on a count and a context."""
        text = catalogues.npgettext(context, one, other, n, self.language)
        return _fill(text, {"n": self.number(n)} | values)

    def label(self, noun: str, code: str, **values: Any) -> Markup:
        """Return the name of a code in LABELS, by default the code itself."""
        text = LABELS[noun].get(code)
        return escape(code) if text is None else self.gettext(text, **values)

    def number(self, value: float | None) -> str:
        return formats.number(value, self.language)

    def decimal(self, value: float | None, decimals: int = 1) -> str:
        return formats.number(value, self.language, decimals)

    def span(self, low: float, high: float) -> str:
        return formats.span(low, high, self.language)

    month = staticmethod(formats.month)

    def day(self, value: date | None) -> str:
        return formats.day(value, self.language)

    def iso_day(self, value: str) -> str:
        return self.day(date.fromisoformat(value))

    def message(self, code: str) -> str:
        """Return the message of an error code."""
        return message(code, self.language)

    def to(self, endpoint: str, **query: Any) -> str:
        """Return the URL of a page in the same language, without parameters that are None."""
        given = {"lang": self.lang} | query
        return url_for(endpoint, **{k: v for k, v in given.items() if v is not None})

    def help_address(self, missing: bool = False) -> str:
        """Return the URL of the part of the guides about this page; the list for a missing page."""
        # A person whom the request has not needed is not looked up: the database may be away.
        person: Actor = request.environ.get(ACTOR_KEY, PUBLIC)
        leads = {grant.role for grant in person.grants} == {"team_leader"}
        guide, section = help_of(None if missing else request.endpoint, leads)
        if guide is None:
            return url_for("help.index", language=self.language)
        name = GUIDES[guide][self.language]
        return url_for("help.guide", language=self.language, name=name, _anchor=section)

    def here(self, lang: str) -> str:
        """Return the URL of this page in another language."""
        kept = {key: request.args[key] for key in KEPT if key in request.args}
        return f"{quote(page_path())}?{urlencode(kept | {'lang': lang})}"

    def reason(self, code: str) -> str:
        """Return why samples are not counted, for people who did not measure them."""
        return BY_CODE[code].finding(self.language) if code in BY_CODE else code

    def category(self, code: str) -> str:
        """Return a category of counts: a reason, or a part of the counted samples."""
        if code not in PART_OF:
            return self.reason(code)
        return self.gettext("Counted: {part}", part=self.label("assurance", PART_OF[code]))

    def effect(self, code: str) -> str:
        return BY_CODE[code].effect if code in BY_CODE else "not_counted"

    def counting_note(self) -> Markup | None:
        """Return what readers of figures must know where claims count."""
        claims = requirements.required_now(clock_now()) == "claimed"
        return self.gettext(requirements.CLAIMS_COUNT) if claims else None

    def steps(self) -> list[tuple[str, Markup]]:
        """Return the steps towards a target, with their names."""
        return [(name, self.label("map_step", name)) for name in STEP_NAMES]


def _fill(text: str, values: dict[str, Any]) -> Markup:
    """Fill the placeholders of a catalogue text, which may contain tags."""
    markup = Markup(text)  # noqa: S704 # from the catalogue
    return markup.format(**values) if values else markup


def page_path() -> str:
    """Return the path of this page; for a POST-only URL the nearest parent that answers GET."""
    path, addresses = request.path, current_app.create_url_adapter(request)
    while request.method == "POST" and addresses and not addresses.test(path, "GET"):
        path = path.rpartition("/")[0] or "/"
    return path


TEMPLATE_FUNCTIONS = (
    "help_address",
    "language", "gettext", "pgettext", "ngettext", "npgettext", "label", "month", "number",
    "decimal", "span",
    "day", "iso_day", "message", "to", "here", "reason", "category",
    "effect", "steps",
)  # fmt: skip
