"""The programs: each parses its flags and makes one call."""
