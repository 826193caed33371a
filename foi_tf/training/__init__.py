"""The one training loop, evaluation, and links of a chain."""
