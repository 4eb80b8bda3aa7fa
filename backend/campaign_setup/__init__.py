"""Setting up campaigns: drafts, lists of teams as text, leaders' invitations, posters."""
