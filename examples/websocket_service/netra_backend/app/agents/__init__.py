"""Agents that answer users."""
