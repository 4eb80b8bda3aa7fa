"""Đo Sóng: takes speed tests from phones, finds the commune of each, decides if it counts."""

VERSION = "1.0.0"  # of the software; semantic versioning, as CHANGELOG.md tells
