"""Imports public weights, and exports backbones in layouts that other libraries read."""
