"""Pages of admins."""
