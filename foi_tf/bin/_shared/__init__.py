"""Contains flags, exit codes and output that several programs share."""
