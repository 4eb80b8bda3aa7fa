"""What the pages take in their query string."""

from marshmallow import fields, validate

from backend.coverage.schemas import LEVELS, NETWORKS
from backend.validation import Strict, Text

LANGUAGES = ("vi", "en")
MONTH = r"^(19|20)[0-9][0-9]-(0[1-9]|1[0-2])$(?!\n)"


class PageQuerySchema(Strict):
    """The language of a page; without it the browser's."""

    lang = Text(choices=LANGUAGES, load_default=None)


class FirstPageQuerySchema(PageQuerySchema):
    """Which units of which month, on which network; without a month the newest with data."""

    month = fields.String(load_default=None, validate=validate.Regexp(MONTH, error="not_month"))
    network = Text(choices=NETWORKS, load_default="mobile")
    parent = Text(most=5, load_default=None)
    level = Text(choices=LEVELS, load_default=None)
