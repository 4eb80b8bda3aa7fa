"""People who act on the system; so far the append-only audit log."""
