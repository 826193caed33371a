"""Defines a study: datasets, tasks, chains, configurations and result rows. No TensorFlow."""
