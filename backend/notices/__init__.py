"""Short texts of an admin that come with the next answer to a phone."""
