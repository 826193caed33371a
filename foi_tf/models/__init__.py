"""Backbones and heads as Keras functional models."""
