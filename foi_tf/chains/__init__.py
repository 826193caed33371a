"""Runs, names, leases and records the links of transfer chains."""
