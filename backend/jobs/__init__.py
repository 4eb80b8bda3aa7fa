"""Work that a process of its own does: jobs that admins start, and searches for signals."""
