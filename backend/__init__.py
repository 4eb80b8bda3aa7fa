"""Đo Sóng: takes speed tests from phones, says where each lies, whether it counts and why not."""
