"""The API of the feed of events and of webhooks."""

from typing import Any

from backend.accounts.authentication import PersonBlueprint, actor
from backend.events import feed, schemas, webhooks
from backend.http.requests import clock_now

blp = PersonBlueprint("events", __name__, description="What happened, numbered")
hook_blp = PersonBlueprint("webhooks", __name__, description="Addresses that events are sent to")
blueprints = (blp, hook_blp)


@blp.get("/events")
@blp.arguments(schemas.FeedQuerySchema, location="query")
@blp.response(200, schemas.FeedSchema)
def list_events(query: dict[str, Any]) -> Any:
    """List the events after a number, for officials of their area and admins.

    410 if events after the number were deleted: `first` is the smallest number to begin with.
    """
    return feed.read_events(actor(), query)


@hook_blp.get("/webhooks")
@hook_blp.response(200, schemas.WebhooksSchema)
def list_webhooks() -> Any:
    """List the webhooks."""
    return webhooks.list_webhooks(actor())


@hook_blp.post("/webhooks")
@hook_blp.arguments(schemas.WebhookCreateSchema)
@hook_blp.response(201, schemas.NewWebhookSchema)
def add_webhook(data: dict[str, Any]) -> Any:
    """Add a webhook; its secret is shown this once."""
    return webhooks.add_webhook(actor(), data, clock_now())


@hook_blp.get("/webhooks/<int:webhook_id>")
@hook_blp.response(200, schemas.WebhookDetailSchema)
def show_webhook(webhook_id: int) -> Any:
    """Show a webhook with the events that it could not deliver."""
    return webhooks.show_webhook(actor(), webhook_id)


@hook_blp.patch("/webhooks/<int:webhook_id>")
@hook_blp.arguments(schemas.WebhookChangeSchema)
@hook_blp.response(200, schemas.WebhookSchema)
def change_webhook(data: dict[str, Any], webhook_id: int) -> Any:
    """Enable or disable a webhook; enabling sends again what failed."""
    return webhooks.enable_webhook(actor(), webhook_id, data["enabled"], clock_now())


@hook_blp.post("/webhooks/<int:webhook_id>/replay")
@hook_blp.arguments(schemas.ReplaySchema)
@hook_blp.response(200, schemas.WebhookSchema)
def replay_webhook(data: dict[str, Any], webhook_id: int) -> Any:
    """Deliver all events after a number again."""
    return webhooks.replay(actor(), webhook_id, data["after"])


@hook_blp.post("/webhooks/<int:webhook_id>/secret")
@hook_blp.response(200, schemas.NewWebhookSchema)
def renew_secret(webhook_id: int) -> Any:
    """Make a new secret, shown this once; former ones sign beside it for 24 hours."""
    return webhooks.renew_secret(actor(), webhook_id, clock_now())


@hook_blp.delete("/webhooks/<int:webhook_id>")
@hook_blp.response(204)
def remove_webhook(webhook_id: int) -> None:
    """Remove a webhook."""
    webhooks.remove_webhook(actor(), webhook_id)
