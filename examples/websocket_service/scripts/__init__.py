"""Operational scripts; importable so that tests can use them."""
