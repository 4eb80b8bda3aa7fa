"""The links in the header and footer of every page."""

from dataclasses import dataclass

from flask import current_app, request

from backend.i18n.catalogues import N_


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """A link: the endpoint it opens, its title, and the blueprint whose pages highlight it."""

    endpoint: str
    title: str
    blueprint: str | None = None


HEADER_LINKS = (
    NavigationLink("web.index", N_("Map")),
    NavigationLink("do.measure", N_("Measure"), "do"),
    NavigationLink("web.docs", N_("API")),
)
FOOTER_LINKS = (
    NavigationLink("open_data.list_open_data", N_("Open data")),
    NavigationLink("seal.ask", N_("Check a report")),
    NavigationLink("web.docs", N_("API documentation")),
    NavigationLink("do.withdraw", N_("Withdraw consent")),
)


def header_links() -> list[tuple[str, str, bool]]:
    """Return the endpoints of the header that exist, their titles, and whether each is current."""
    return [
        (link.endpoint, link.title, _current(link))
        for link in HEADER_LINKS
        if link.endpoint in current_app.view_functions
    ]


def _current(link: NavigationLink) -> bool:
    return request.endpoint == link.endpoint or (
        link.blueprint is not None and request.blueprint == link.blueprint
    )
