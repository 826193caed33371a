"""Holds the training loop, evaluation, optimizers and distribution strategies."""
