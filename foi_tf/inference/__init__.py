"""Uses trained networks: features, linear probes, exports and model cards."""
