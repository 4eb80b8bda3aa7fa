"""Official letters that remind communes of their shortfall."""
