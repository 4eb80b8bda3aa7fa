"""The pages of admins: people, what units are held to, what was done, and the installation."""
