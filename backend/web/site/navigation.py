"""What the header of every page leads to."""

from dataclasses import dataclass

from flask import current_app, request


@dataclass(frozen=True, slots=True)
class Way:
    """A link of the header: the page it opens, its words, and the blueprint that lights it up."""

    endpoint: str
    words: str
    blueprint: str | None = None


# In the order of the header; a page that is not there yet has no link.
WAYS = (
    Way("web.index", "way_map"),
    Way("do.measure", "way_measure", "do"),
    Way("web.docs", "way_api"),
)
# In the order of the footer: what few look for, and nobody should have to search for.
MORE = (
    Way("open_data.list_open_data", "way_open_data"),
    Way("seal.ask", "way_seal"),
    Way("web.docs", "way_docs"),
    Way("do.withdraw", "way_withdraw"),
)


def ways() -> list[tuple[str, str, bool]]:
    """The endpoints that exist, with their words, and whether the reader is there."""
    return [
        (way.endpoint, way.words, _here(way))
        for way in WAYS
        if way.endpoint in current_app.view_functions
    ]


def _here(way: Way) -> bool:
    return request.endpoint == way.endpoint or (
        way.blueprint is not None and request.blueprint == way.blueprint
    )
