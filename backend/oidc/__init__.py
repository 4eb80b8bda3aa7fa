"""Sign-in at the operator's OpenID provider; `rules.py`, the pure rules from claims to roles."""
