"""Pages for clerks and citizens."""
