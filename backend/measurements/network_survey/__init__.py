"""Server of the app Network Survey: its LTE and NR records become radio samples."""
