"""Deliveries: what vendors name and say, and many files as one scene."""
