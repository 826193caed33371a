"""Rankings of sources for a target, and what following them costs."""
