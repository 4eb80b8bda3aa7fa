"""The API of webhooks."""

from backend.accounts.authentication import PersonBlueprint, actor
from backend.doors.webhooks import (
    pages,  # noqa: F401 # binds pages
    schemas,
    service,
)
from backend.http.requests import clock_now

blp = PersonBlueprint(
    "webhooks",
    __name__,
    description="Addresses that events are sent to",
    template_folder="templates",
)
blueprints = (blp,)


@blp.get("/webhooks")
@blp.response(200, schemas.WebhooksSchema)
def list_webhooks() -> service.Webhooks:
    """List the webhooks."""
    return service.list_webhooks(actor())


@blp.post("/webhooks")
@blp.arguments(schemas.WebhookCreateSchema)
@blp.response(201, schemas.NewWebhookSchema)
def add_webhook(data: service.WebhookCreate) -> service.NewWebhook:
    """Add a webhook; its secret is shown this once."""
    return service.add_webhook(actor(), data, clock_now())


@blp.get("/webhooks/<int:webhook_id>")
@blp.response(200, schemas.WebhookDetailSchema)
def show_webhook(webhook_id: int) -> service.WebhookDetail:
    """Show a webhook with the events that it could not deliver."""
    return service.show_webhook(actor(), webhook_id)


@blp.patch("/webhooks/<int:webhook_id>")
@blp.arguments(schemas.WebhookChangeSchema)
@blp.response(200, schemas.WebhookSchema)
def change_webhook(data: dict[str, bool], webhook_id: int) -> service.WebhookDetails:
    """Enable or disable a webhook; enabling sends again what failed."""
    return service.enable_webhook(actor(), webhook_id, data["enabled"], clock_now())


@blp.post("/webhooks/<int:webhook_id>/replay")
@blp.arguments(schemas.ReplaySchema)
@blp.response(200, schemas.WebhookSchema)
def replay_webhook(data: dict[str, int], webhook_id: int) -> service.WebhookDetails:
    """Deliver all events after a number again."""
    return service.replay(actor(), webhook_id, data["after"])


@blp.post("/webhooks/<int:webhook_id>/secret")
@blp.response(200, schemas.NewWebhookSchema)
def renew_secret(webhook_id: int) -> service.NewWebhook:
    """Make a new secret, shown this once; former ones sign beside it for 24 hours."""
    return service.renew_secret(actor(), webhook_id, clock_now())


@blp.delete("/webhooks/<int:webhook_id>")
@blp.response(204)
def remove_webhook(webhook_id: int) -> None:
    """Remove a webhook."""
    service.remove_webhook(actor(), webhook_id)
