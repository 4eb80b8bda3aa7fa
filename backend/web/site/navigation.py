"""What the header of every page leads to."""

from dataclasses import dataclass

from flask import current_app, request

from backend.i18n.catalogues import N_


@dataclass(frozen=True, slots=True)
class Way:
    """A link of the header: the page it opens, its title, and the blueprint that lights it up."""

    endpoint: str
    title: str
    blueprint: str | None = None


# In the order of the header; a page that is not there yet has no link.
WAYS = (
    Way("web.index", N_("Map")),
    Way("do.measure", N_("Measure"), "do"),
    Way("web.docs", N_("API")),
)
# In the order of the footer: what few look for, and nobody should have to search for.
MORE = (
    Way("open_data.list_open_data", N_("Open data")),
    Way("seal.ask", N_("Check a report")),
    Way("web.docs", N_("API documentation")),
    Way("do.withdraw", N_("Withdraw consent")),
)


def ways() -> list[tuple[str, str, bool]]:
    """The endpoints that exist, with their titles, and whether the reader is there."""
    return [
        (way.endpoint, way.title, _here(way))
        for way in WAYS
        if way.endpoint in current_app.view_functions
    ]


def _here(way: Way) -> bool:
    return request.endpoint == way.endpoint or (
        way.blueprint is not None and request.blueprint == way.blueprint
    )
