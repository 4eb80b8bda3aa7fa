"""Đo Sóng: speed tests from phones, located in communes and judged by rules."""

VERSION = "1.0.0"  # semantic versioning, see CHANGELOG.md
