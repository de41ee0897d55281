"""Utilities for moving data between versions."""
