"""Jobs that admins start on a page and a process of its own runs."""
