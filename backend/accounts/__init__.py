"""People who sign in: their accounts, roles, sessions and tokens, and the audit log."""
