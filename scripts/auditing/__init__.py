"""What scripts/audit looks at itself: licences of what is installed, secrets in the history."""
