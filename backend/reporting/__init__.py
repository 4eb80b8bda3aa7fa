"""Read-only views of the database for analysts' tools, and the role that reads them."""
