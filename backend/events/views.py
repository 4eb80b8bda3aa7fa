"""The API of the feed of events."""

from backend.accounts.authentication import PersonBlueprint, actor
from backend.events import feed, schemas

blp = PersonBlueprint("events", __name__, description="What happened, numbered")
blueprints = (blp,)


@blp.get("/events")
@blp.arguments(schemas.FeedQuerySchema, location="query")
@blp.response(200, schemas.FeedSchema)
def list_events(query: feed.FeedQuery) -> feed.Feed:
    """List the events after a number, for officials of their area and admins.

    410 if events after the number were deleted: `first` is the smallest number to begin with.
    """
    return feed.read_events(actor(), query)
