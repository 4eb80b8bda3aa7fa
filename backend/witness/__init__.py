"""Tickets of speed tests, measuring hosts and their signed witnesses, assurance of samples."""
