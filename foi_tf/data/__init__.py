"""Converts raw data to records, reads records into batches, and inspects them."""
