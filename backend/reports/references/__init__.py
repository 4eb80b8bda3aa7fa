"""Documents that letters answer, as records of the installation and of units."""
