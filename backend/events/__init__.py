"""The feed of events, and the process that numbers them."""
