"""Builds backbones and heads as Keras functional models."""
