"""Recording of measurements: validate, locate, judge, store, count, attribute."""
