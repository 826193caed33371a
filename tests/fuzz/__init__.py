"""Damages the files of every reader at random, and checks what the readers say."""
