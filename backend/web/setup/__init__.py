"""Pages that set up campaigns: drafts, teams, leaders, posters."""
