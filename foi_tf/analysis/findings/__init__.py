"""Judges the paper's findings A1 to A10 on the chains of a study."""
