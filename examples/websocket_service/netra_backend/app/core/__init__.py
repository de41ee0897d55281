"""Health, start-up and orchestration."""
