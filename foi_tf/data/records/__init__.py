"""Reads and checks the TFRecords of prepared datasets."""
