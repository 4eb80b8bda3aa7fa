"""Files of measurements in foreign and own formats."""
