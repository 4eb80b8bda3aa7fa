"""What a user reads for the codes of each feature, in Vietnamese and English."""
