"""Contains the parts of foi-plan."""
