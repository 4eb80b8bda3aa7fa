"""Administrative units and boundary sets in the database, and the cached index over them."""
