"""Plans of action of a month as Word files, made of the teams' plans; never stored."""
