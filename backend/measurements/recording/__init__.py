"""The path of a measurement: validate, locate, judge, store, count."""
