"""Webhooks: addresses that events are sent to, deliveries and failures, pages of admins."""
