"""From raw files, or a renderer, to TFRecords, and from TFRecords to batches."""
