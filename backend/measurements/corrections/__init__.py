"""Decisions of organisers: attribution, exclusion in a campaign, past memberships."""
