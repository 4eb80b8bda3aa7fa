"""Administrative units, boundary sets and the index that locates positions in them."""
