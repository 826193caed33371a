"""Contains the parts of foi-prepare."""
