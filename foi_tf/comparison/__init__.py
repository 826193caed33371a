"""Compares what a target can start from, and stops once the choice is sure."""
