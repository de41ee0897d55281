"""The backend of the service."""
