"""The feed of events, and webhooks that deliver it."""
