"""Sign-in with accounts of the operator's OpenID provider, and roles by its claims."""
