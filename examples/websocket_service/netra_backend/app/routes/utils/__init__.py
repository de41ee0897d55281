"""What several routes need."""
