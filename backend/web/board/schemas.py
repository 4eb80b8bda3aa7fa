"""What the board's pages take."""

from backend.coverage.contributions.query import BY
from backend.coverage.figures.schemas import month_field
from backend.fields import ID_MOST, Day, QueryWhole, Text
from backend.http.paging import CURSOR_MOST
from backend.measurements.recording.rules import NETWORKS
from backend.web.site.schemas import PageQuerySchema


class MonthQuerySchema(PageQuerySchema):
    """Which month of a campaign."""

    month = month_field(load_default=None)


class BoardQuerySchema(MonthQuerySchema):
    """Which month, else the whole campaign; which kind of network, else both."""

    network = Text(choices=NETWORKS, load_default=None)


class ContributedQuerySchema(BoardQuerySchema):
    """By what; and after whom the page begins."""

    by = Text(choices=BY, load_default="team")
    cursor = Text(most=100, load_default=None)


class MembersQuerySchema(PageQuerySchema):
    """The cursor after which the page begins."""

    after = Text(most=CURSOR_MOST, load_default=None)


class PlanPageQuerySchema(PageQuerySchema):
    """Which day and kind of network; one team alone, if told."""

    date = Day(load_default=None)
    network = Text(choices=NETWORKS, load_default=None)
    team_id = QueryWhole(1, ID_MOST, load_default=None)
