"""The pages of admins: people, targets, the audit log, and the state of the installation."""
