"""Users, roles with a scope, sessions, tokens, the audit log; `access.py` decides permissions."""
