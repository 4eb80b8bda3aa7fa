"""Volunteers: join codes, memberships, passes and attribution to teams."""
