"""Services that other parts of the application share."""
