"""Looks for data that is not what was meant, by counts over all examples of a split.

`tally` counts, `observe` says what of each example, and `judge` draws conclusions: errors where
there is no doubt, and else warnings, which stay with the dataset.
"""
