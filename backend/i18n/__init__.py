"""Languages: number and date formats, message catalogues ([ADR 7](adr/0007-gettext.md))."""
