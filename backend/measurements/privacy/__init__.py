"""Rights of a person: export, withdrawal, retention."""
