"""Receipts and measurements: record, judge, count, strip."""
