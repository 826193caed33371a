"""Ranks sources for a target, and measures the cost of following such a ranking."""
