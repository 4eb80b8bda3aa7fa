"""Query strings of pages."""

from collections.abc import Mapping
from typing import Any, TypedDict

from marshmallow import pre_load

from backend.coverage.figures.schemas import CoverageQuerySchema, month_field
from backend.coverage.statistics.quantiles import GENERATIONS, LOADED
from backend.fields import QueryWhole, Strict, Text
from backend.i18n.catalogues import Language
from backend.measurements.recording.rules import NETWORKS
from backend.units.catalogue import LEVELS
from backend.units.search import MAX_NAME
from backend.web.site.reading import as_sent

LANGUAGES = ("vi", "en")
PICTURE_METRICS = ("download_mbps", "upload_mbps", "ping_ms", *LOADED)
MAX_OPERATOR = 40  # letters
WIDGET_SIZES = ("small", "medium", "large", "wide")


class LangQuery(TypedDict):
    """The language of a page; queries of all pages have it."""

    lang: Language | None  # null: the browser's


class ListQuery(LangQuery):
    """The page of a long list."""

    page: int  # from 1


class MonthQuery(LangQuery):
    """The month of a page."""

    month: str | None  # YYYY-MM; null: the newest or the current one


class PageQuerySchema(Strict):
    """The language of a page, by default the browser's."""

    lang = Text(choices=LANGUAGES, load_default=None)

    @pre_load
    def without_empty(self, data: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """Remove empty fields, which browsers send for inputs left empty, and read dates."""
        return {name: as_sent(name, data[name]) for name in data if data[name] != ""}


MAX_PAGES = 100_000


class ListQuerySchema(PageQuerySchema):
    """The page of a long list."""

    page = QueryWhole(1, MAX_PAGES, load_default=1)


class MonthQuerySchema(PageQuerySchema):
    """A month, by default the newest or the current one."""

    month = month_field(load_default=None)


class FiguresPageQuery(MonthQuery):
    """The month and the network of a page with figures."""

    network: str  # mobile, fixed


class FiguresPageQuerySchema(MonthQuerySchema):
    """The month and the network of a page with figures."""

    network = Text(choices=NETWORKS, load_default="mobile")


class UnitPageQuery(FiguresPageQuery):
    """The month and the network of a unit's page, and the level of the units on it."""

    level: str | None  # null: the one that the page begins with


class UnitPageQuerySchema(FiguresPageQuerySchema):
    """The month and the network of a unit's page, and the level of the units on it."""

    level = Text(choices=LEVELS, load_default=None)


class SpeedPlaceQuery(LangQuery):
    """The place and the speeds of a page, or of a picture."""

    network: str  # mobile, fixed
    level: str | None  # null: the only one, or the lowest, with the code
    unit: str | None  # by name or code; null: the country
    metric: str  # one of PICTURE_METRICS
    operator: str | None  # of the map; null: all
    technology: str | None  # of the map; null: all
    before: str | None  # the month, YYYY-MM, that is compared


class SpeedPictureQuery(SpeedPlaceQuery):
    """What a picture of speeds shows."""

    month: str  # YYYY-MM


class SpeedPageQuery(SpeedPlaceQuery):
    """What the page of speeds shows."""

    month: str | None  # null: the newest that is released
    beside: str | None  # the place, by name or code, that is compared


class SpeedPictureQuerySchema(UnitPageQuerySchema):
    """A picture of speeds; its map is of one operator or technology, or compared with a month."""

    month = month_field(required=True)
    unit = Text(most=MAX_NAME, load_default=None)  # the country without one
    metric = Text(choices=PICTURE_METRICS, load_default="download_mbps")
    operator = Text(most=MAX_OPERATOR, load_default=None)
    technology = Text(choices=tuple(GENERATIONS), load_default=None)
    before = month_field(load_default=None)


class SpeedPageQuerySchema(SpeedPictureQuerySchema):
    """The page of speeds; places by name or code, by default the newest month that is released."""

    month = month_field(load_default=None)
    beside = Text(most=MAX_NAME, load_default=None)


class FirstPageQuery(UnitPageQuery):
    """The country, or by older links the units of one province or district."""

    parent: str | None  # a code


class FirstPageQuerySchema(UnitPageQuerySchema):
    """The country, or by older links the units of one province or district."""

    parent = Text(most=5, load_default=None)


class SearchQuery(MonthQuery):
    """The text of a search, and the month whose units are searched."""

    q: str


class SearchQuerySchema(MonthQuerySchema):
    """The text of a search, and the month whose units are searched."""

    q = Text(most=100, load_default="")


class EmbedQuery(UnitPageQuery):
    """The unit of a widget by name or code, and what its frame looks like."""

    unit: str | None
    size: str  # one of WIDGET_SIZES
    words: str | None  # vi, en; null: the language of the page


class EmbedQuerySchema(UnitPageQuerySchema):
    """The unit of a widget by name or code, and what its frame looks like."""

    unit = Text(most=MAX_NAME, load_default=None)
    size = Text(choices=WIDGET_SIZES, load_default="medium")
    words = Text(choices=LANGUAGES, load_default=None)


class TableQuery(LangQuery):
    """The coverage table to download, and its language."""

    month: str  # the only one, or the last of a range
    since: str | None  # the first month of a range
    level: str | None
    network: str
    parent: str | None  # code of a province or district: the units inside it
    unit: str | None  # code of a single unit
    filter: str | None
    sort: str | None  # a column; with a leading minus in descending order
    format: str
    limit: int | None  # null: all units
    cursor: str | None


class TableQuerySchema(PageQuerySchema, CoverageQuerySchema):
    """The coverage table to download, and its language."""


class FiguresQuery(TypedDict):
    """The month and network that a map shows."""

    month: str
    network: str


class FiguresQuerySchema(Strict):
    """The month and network that a map shows."""

    month = month_field(required=True)
    network = Text(choices=NETWORKS, load_default="mobile")


class OutlinesQuery(LangQuery):
    """The province whose communes a map shows."""

    within: str | None  # a code; null: the provinces


class OutlinesQuerySchema(PageQuerySchema):
    """The code of the province whose communes a map shows; the provinces without one."""

    within = Text(most=10, load_default=None)
