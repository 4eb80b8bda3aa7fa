"""Đo Sóng: takes speed tests from phones, finds the commune of each, decides if it counts."""
