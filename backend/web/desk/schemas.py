"""What the pages of an official's desk take."""

from backend.coverage.alerts.service import STATES
from backend.coverage.figures.rows import FILTERS, SORTS
from backend.coverage.figures.schemas import month_field
from backend.coverage.samples.schemas import SampleQuerySchema, SamplesQuerySchema
from backend.fields import Text
from backend.measurements.recording.rules import NETWORKS
from backend.units.catalogue import LEVELS
from backend.web.site.schemas import PageQuerySchema

# Those of coverage, and the states that only alerts tell.
SHOWN = tuple(dict.fromkeys(("lacking", *STATES, *FILTERS)))


class MonthQuerySchema(PageQuerySchema):
    """Which month of an area, the running one unless told, on which network."""

    month = month_field(load_default=None)
    network = Text(choices=NETWORKS, load_default="mobile")


class AreaQuerySchema(MonthQuerySchema):
    """Which of an area's units are shown, and in which order."""

    level = Text(choices=LEVELS, load_default=None)
    show = Text(choices=SHOWN, load_default=None)
    sort = Text(choices=(*SORTS, *(f"-{name}" for name in SORTS)), load_default=None)


class WallQuerySchema(AreaQuerySchema):
    """Whose figures a meeting room looks at; without a unit those of the only own area."""

    unit = Text(most=5, load_default=None)


class SamplesPageQuerySchema(PageQuerySchema, SamplesQuerySchema):
    """Which samples of a unit's month."""


class SamplePageQuerySchema(PageQuerySchema, SampleQuerySchema):
    """The language, and the level of a unit whose code names two."""
