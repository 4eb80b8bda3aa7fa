"""PostgreSQL embedded from the binaries of a wheel."""
