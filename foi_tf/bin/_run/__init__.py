"""Runs commands of foi-run."""
