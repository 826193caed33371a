"""Turns result rows into gains, findings, rankings of sources and reports, without TensorFlow."""
