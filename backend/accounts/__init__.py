"""Users: accounts, roles, sessions, tokens, and the audit log."""
