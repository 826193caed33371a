"""Classes of the aerial datasets."""

IGNORED = {"isprs": ("clutter and unmatched colours",), "isaid": ("background",)}
