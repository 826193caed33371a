"""Converts raw folders and rendered scenes into TFRecords."""
