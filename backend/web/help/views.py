"""Pages of the guides: list and search, one guide, its quick card, and pictures."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import segno
from flask import Response, current_app, redirect, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from backend.errors import or_404
from backend.fields import Text
from backend.http.requests import clock_now
from backend.i18n.catalogues import Language
from backend.measurements.recording.reasons import REASONS
from backend.measurements.recording.requirements import required_at, requirements
from backend.measurements.recording.rules import RULES
from backend.web.help.guides import CARD, MAX_QUERY, PICTURES, Guide, read_guide, search
from backend.web.site.blueprint import PAGE, PageBlueprint, with_policy
from backend.web.site.help_links import GUIDES
from backend.web.site.pages import render_public
from backend.web.site.schemas import LangQuery, PageQuerySchema

bp = PageBlueprint("help", __name__)
blueprints = (bp,)

# Seconds that pictures may be cached; they change with an upgrade.
PICTURE_S = 86_400


class SearchQuery(LangQuery):
    """The text of a search in the guides."""

    q: str


class SearchSchema(PageQuerySchema):
    """The words of a search."""

    q = Text(most=MAX_QUERY, load_default=None)


VI: dict[str, Language] = {"language": "vi"}
EN: dict[str, Language] = {"language": "en"}


@bp.page({"/huong-dan": VI, "/guide": EN}, SearchSchema)
def index(query: SearchQuery, language: Language) -> ResponseReturnValue:
    """List the guides in a language, and search in them."""
    if moved := _other_language(query, language, "index"):
        return moved
    guides = [load_guide(language, name) for name in GUIDES]
    found = search(guides, query["q"]) if query["q"] else None
    values = {"guides": guides, "found": found, "q": query["q"]}
    return render_public("web/help/index.html", language, address=_addresses(language), **values)


@bp.page({"/huong-dan/quy-tac": VI, "/guide/rules": EN})
def rules(query: LangQuery, language: Language) -> ResponseReturnValue:
    """Show the rules by which samples count, in order of priority, and the proof they need."""
    if moved := _other_language(query, language, "rules"):
        return moved
    required = requirements()
    values = {"version": RULES, "reasons": REASONS, "required": required}
    values["counts_from"] = required_at(required, clock_now())
    return render_public("web/help/rules.html", language, **values)


@bp.page({"/huong-dan/<name>": VI, "/guide/<name>": EN})
def guide(query: LangQuery, name: str, language: Language) -> ResponseReturnValue:
    """Show a guide."""
    role = _role(name)
    if moved := _other_language(query, language, "guide", role):
        return moved
    values = {"guide": load_guide(language, role), "address": _addresses(language)}
    return render_public("web/help/guide.html", language, markup=Markup, card=CARD, **values)


@bp.page({"/huong-dan/<name>/the": VI, "/guide/<name>/card": EN})
def card(query: LangQuery, name: str, language: Language) -> ResponseReturnValue:
    """Show the quick card of a role."""
    role = _role(name)
    if moved := _other_language(query, language, "card", role):
        return moved
    shown = load_guide(language, role)
    address = url_for("help.guide", name=name, language=language, _external=True)
    code = Markup(segno.make(address, error="m").svg_inline(scale=3, border=0, svgclass="qr"))  # noqa: S704 # of this server
    values = {"guide": shown, "section": shown.section(CARD), "code": code, "shown": address}
    return render_public(
        "web/help/card.html", language, markup=Markup, address=_addresses(language), **values
    )


@bp.get("/huong-dan/hinh/<file>")
@with_policy(PAGE)
def picture(file: str) -> Response:
    """Send a picture of a guide."""
    return send_from_directory(_docs() / PICTURES, file, max_age=PICTURE_S)


@bp.get("/documents/<name>.md")
@with_policy(PAGE)
def document(name: str) -> Response:
    """Send a document for operators as it is written; pages that name one link to it."""
    return send_from_directory(_docs(), f"{name}.md", mimetype="text/plain", max_age=PICTURE_S)


def _role(written: str) -> str:
    """Return the guide of a name in an address; 404 for another."""
    return or_404(next((name for name, names in GUIDES.items() if written in names.values()), None))


def _other_language(
    query: LangQuery, language: Language, page: str, name: str | None = None
) -> BaseResponse | None:
    """Redirect where the query asks for the other language, which has its own address."""
    lang = query["lang"]
    if lang in (None, language):
        return None
    given: dict[str, Any] = {"name": name and GUIDES[name][lang], "q": query.get("q")}
    kept: dict[str, Any] = {key: value for key, value in given.items() if value}
    return redirect(url_for(f"help.{page}", language=lang, **kept))


def _addresses(language: Language) -> Callable[..., str]:
    """Return a function from the kind of a page and a guide to an address."""

    def address(page: str, name: str | None = None, **more: str) -> str:
        given: dict[str, Any] = {"name": GUIDES[name][language]} if name else {}
        return url_for(f"help.{page}", language=language, **given | more)

    return address


def load_guide(language: Language, name: str) -> Guide:
    """Return a guide with the addresses of this server."""
    return read_guide(_docs(), language, name, _ADDRESS[language])


def _address(language: Language, kind: str, name: str) -> str | None:
    """Return the address of a guide, a picture or a page; None where there is none."""
    if kind == "picture":
        return url_for("help.picture", file=name)
    if kind == "guide":
        of = GUIDES.get(name)
        return url_for("help.guide", name=of[language], language=language) if of else None
    adapter = current_app.create_url_adapter(request)
    try:
        return name if adapter and adapter.match(name, "GET") else None
    except RequestRedirect:  # such as /do, whose page is /do/
        return name
    except HTTPException:
        return None


_ADDRESS = {language: partial(_address, language) for language in ("vi", "en")}


def _docs() -> Path:
    return Path(current_app.root_path).parent / "docs"
