"""Languages: message catalogues, and how numbers, days and months are written."""
