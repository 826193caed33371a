"""Turns TFRecords into batches: augmentation and the input pipeline."""
