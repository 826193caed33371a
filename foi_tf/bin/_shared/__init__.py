"""Flags, exit codes and output that several programs share."""
