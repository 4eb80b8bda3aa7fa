"""Import of measurements from files in own and foreign formats."""
