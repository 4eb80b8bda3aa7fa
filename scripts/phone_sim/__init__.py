"""A simulated phone, written with the standard library only, as an example for app developers.

Read store.py (what a phone keeps), sync.py (when it sends, what each answer means) and backoff.py.
"""
